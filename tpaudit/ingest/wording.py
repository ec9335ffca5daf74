"""What ingest says, in Chinese: a catalogue by the English text, because that is the text the code is written with.

A placeholder in braces stands for any text and is carried over as it is. `tests/ingest/test_wording.py` finds every
text of this package that has no entry here.
"""

from __future__ import annotations

import re
from functools import cache

from tpaudit.results import Titles

_CHINESE = {
    # --- why a file was refused ---
    "is empty": "是空文件",
    "is a damaged zip archive": "是损坏的 zip 压缩包",
    "is a damaged zip archive or workbook": "是损坏的 zip 压缩包或工作簿",
    "is a zip archive of more than {number} files": "是超过 {number} 个文件的 zip 压缩包",
    "is a zip archive that unpacks to more than {number} GB": "是解压后超过 {number} GB 的 zip 压缩包",
    "is a zip archive within a zip archive": "是 zip 压缩包中的 zip 压缩包",
    "is a zip archive without an export{told}": "是没有导出文件的 zip 压缩包{told}",
    "is a password-protected zip archive": "是有密码的 zip 压缩包",
    "is an encrypted workbook: password-protected": "是加密的工作簿：有密码保护",
    "is a damaged gzip file": "是损坏的 gzip 文件",
    "is a damaged workbook: {fault}": "是损坏的工作簿：{fault}",
    "is a damaged Parquet file": "是损坏的 Parquet 文件",
    "is a web page (HTML or XML) without a table": "是没有表格的网页（HTML 或 XML）",
    "is a web page (HTML or XML) without a filled table": "是表格为空的网页（HTML 或 XML）",
    "is not a table: binary content of an unknown kind": "不是表格：内容为未知类型的二进制数据",
    "is not text in UTF-8, GB18030, Big5, UTF-16 or Windows-1252":
        "不是 UTF-8、GB18030、Big5、UTF-16 或 Windows-1252 文本",
    "is not valid JSON: {fault}": "不是有效的 JSON：{fault}",
    "begins like JSON but holds no JSON object at its start": "形似 JSON，但开头没有 JSON 对象",
    "cannot be read: no permission": "无法读取：没有权限",
    "cannot be read: {fault}": "无法读取：{fault}",
    "holds a header and no row": "只有表头，没有数据行",
    "has a layout no preset knows": "的格式没有预设能识别",
    "has a layout no preset knows; nearest is {preset}": "的格式没有预设能识别；最接近的是 {preset}",
    "has a layout no preset knows; nearest is {preset}, but lacks {names}":
        "的格式没有预设能识别；最接近的是 {preset}，但缺少 {names}",
    "has a layout no preset knows; its first lines look like data without a header":
        "的格式没有预设能识别；开头几行像是没有表头的数据",
    "has a layout no preset knows; its columns are {names}": "的格式没有预设能识别；其列为 {names}",
    "lacks columns that {table} needs: {names}": "缺少 {table} 所需的列：{names}",
    "has the same content as {file}": "与 {file} 内容相同",
    "holds the same responses as {file}": "与 {file} 是同一批答卷",
    # --- what to do about it ---
    "export it again": "请重新导出",
    "export it again; the platform wrote no byte": "请重新导出；平台未写入任何内容",
    "export it again; the archive holds no byte": "请重新导出；压缩包中没有内容",
    "export it again for a period with data": "请选择有数据的时间段重新导出",
    "export it again, or as one object per line": "请重新导出，或导出为每行一个对象",
    "export one object per line": "请导出为每行一个对象",
    "it holds nothing but blanks; export it again": "文件只有空白；请重新导出",
    "it is a JSON array without elements": "文件是没有元素的 JSON 数组",
    "its sheets hold no cell": "各工作表没有任何单元格",
    "download the export again": "请重新下载导出文件",
    "check the disk or copy the file again": "请检查磁盘或重新复制文件",
    "give yourself read access to the file": "请赋予该文件的读取权限",
    "export it as xlsx or CSV": "请导出为 xlsx 或 CSV",
    "unpack it": "请解压",
    "unpack it and choose the exports": "请解压并挑选导出文件",
    "unpack it and look inside": "请解压并查看内容",
    "unpack it and look at the files inside": "请解压并查看其中的文件",
    "unpack it with its password": "请用密码解压",
    "open it with its password and save it without one": "请用密码打开后另存为无密码的文件",
    "open it in a spreadsheet program and save it again": "请用表格软件打开后重新保存",
    "open it in a spreadsheet program and save it as xlsx or CSV": "请用表格软件打开后另存为 xlsx 或 CSV",
    "save it as CSV, xlsx, JSON lines or Parquet": "请另存为 CSV、xlsx、JSON Lines 或 Parquet",
    "save it as UTF-8 and try again": "请另存为 UTF-8 后重试",
    "name its table with `--as TABLE`, or describe it in a mapping file with `--map FILE`":
        "请用 `--as 表名` 指定数据表，或用 `--map 文件` 提供映射文件",
    "rename its columns to canonical names, or describe it in a mapping file with `--map FILE`":
        "请将列名改为规范列名，或用 `--map 文件` 提供映射文件",
    "nothing to do: the rows are loaded once": "无需处理：数据只计一次",
    "take it out of the folder": "请将其移出文件夹",
    # --- issues: what each kind means ---
    "the file could not be read": "文件无法读取",
    "no preset knows this layout": "没有预设能识别该格式",
    "the layout is known, and its rows are not meant for an audit": "格式已识别，但其内容不应用于审计",
    "the same rows are already loaded from another file": "相同的数据已从另一文件导入",
    "the file is gone from the folder; its rows were removed": "文件已从文件夹中消失；其数据已移除",
    "the preset was written from a partial description of the export": "该预设依据不完整的资料编写，请核对结果",
    "another part of the file has rows that no preset knows; it was not read":
        "文件另有一部分没有预设能识别，未读取",
    "answers of the same survey in another file got their numbers from the codes here":
        "另一文件中同一问卷的答案从此处的选项序号取得数值",
    "the file holds more than its list of rows; the rest was not read": "文件除数据列表外还有其他内容，未读取",
    "the row has more or fewer cells than the header": "该行的单元格数与表头不符",
    "the line is not a JSON object": "该行不是 JSON 对象",
    "the row is a total, not data": "该行是合计，不是数据",
    "the row is a note below the data": "该行是数据下方的说明",
    "the platform marks the row as a test": "平台将该行标记为测试",
    "rows of this kind feed no table": "此类行不属于任何数据表",
    "the row ends early; the missing cells are empty": "该行提前结束；缺少的单元格按空值处理",
    "the row covers several days; it is no daily figure": "该行跨越多日，不是单日数据",
    "some bytes do not decode; they were replaced": "部分字节无法解码，已替换",
    "a spreadsheet turned the id into a rounded number; it is lost": "编号被表格软件改成了近似数，已丢失",
    "day and month cannot be told apart; read as the audit's region writes them":
        "日与月无法区分；按审计所在地区的写法读取",
    "not a date and time in a known form": "不是已知格式的日期时间",
    "not a date in a known form": "不是已知格式的日期",
    "not an amount of money": "不是金额",
    "not a number": "不是数字",
    "not a yes or no": "不是是/否",
    "not a phone number of the audit's region or with a country code": "不是审计所在地区或带国家代码的电话号码",
    "not an e-mail address": "不是邮箱地址",
    "the preset does not know this state; it is kept in its own words": "预设不认识该状态；按原文保留",
    "not one of the values this column may hold": "不是该列允许的取值",
    "the source hid part of the value; it identifies nobody": "来源隐藏了部分内容，不能用于识别个人",
    "the source encrypted the value; it is treated as absent": "来源加密了该值，按缺失处理",
    # --- issues: what to do about each kind ---
    "nothing to do": "无需处理",
    "see the reason given for the file": "见该文件的原因说明",
    "put the file back if its rows are wanted": "如需其数据，请将文件放回",
    "compare a few rows of the lake with the file before relying on them": "使用前请抽取几行与原文件核对",
    "check that a higher code is a better answer": "请确认序号越大表示评价越好",
    "save the part as a file of its own if its rows are wanted": "如需其数据，请另存为单独的文件",
    "look for a stray separator or line break in the row, or export it again":
        "请检查该行是否有多余的分隔符或换行，或重新导出",
    "name the kind in a mapping file if its rows are wanted": "如需此类行，请在映射文件中指定",
    "export it again with a breakdown by day": "请按天细分后重新导出",
    "export it again as UTF-8 if the text matters": "如文字重要，请以 UTF-8 重新导出",
    "take the export as the platform wrote it, not one saved by a spreadsheet program":
        "请使用平台原始导出文件，不要用表格软件另存过的文件",
    "give the column a `format` in a mapping file, or correct the export":
        "请在映射文件中为该列指定 `format`，或修正导出文件",
    "correct the export, or map the column elsewhere": "请修正导出文件，或将该列映射到别处",
    "name the words in a mapping file": "请在映射文件中列出这些词",
    # --- issues: what was met in one place ---
    "the file is gone from its folder; its rows were removed: {counts}": "文件已从文件夹中消失；其数据已移除：{counts}",
    "its codes gave {number} answers of {file} their numbers": "其选项序号为 {file} 的 {number} 个答案提供了数值",
    "beside its list of rows the file has {names}; this was not read": "文件除数据列表外还有 {names}，未读取",
    "no preset knows {part}; it was not read": "没有预设能识别 {part}，未读取",
    "{number} more rows end early; the missing cells are empty": "另有 {number} 行提前结束；缺少的单元格按空值处理",
    "the row has {cells} cells, the header {columns}": "该行有 {cells} 个单元格，表头有 {columns} 个",
    "{number} values are masked and identify nobody": "{number} 个值已打码，不能用于识别个人",
    "{number} values are encrypted": "{number} 个值已加密",
    "{number} dates may be read day first or month first": "{number} 个日期无法区分日与月的先后",
    "{number} rows cover several days, not one": "{number} 行跨越多日，而非一日",
    "{number} names are masked and kept as nicknames": "{number} 个姓名已打码，作为昵称保留",
}  # fmt: skip

_SLOT = re.compile(r"\{(\w+)\}")


def in_chinese(text: str) -> str | None:
    """*text* in Chinese, or None if the catalogue does not have it.

    >>> in_chinese("has the same content as orders.csv")
    '与 orders.csv 内容相同'
    """
    if text in _CHINESE:
        return _CHINESE[text]
    for pattern, chinese in _patterns():
        if found := pattern.fullmatch(text):
            return chinese.format(**found.groupdict())
    return None


def in_both(text: str) -> Titles:
    """*text* in both languages; one the catalogue does not have stands for itself."""
    return Titles(en=text, zh=in_chinese(text) or text)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """The texts with placeholders as patterns, the one with most words of its own first."""
    texts = sorted((text for text in _CHINESE if _SLOT.search(text)), key=lambda text: -len(_SLOT.sub("", text)))
    return [(_pattern(text), _CHINESE[text]) for text in texts]


def _pattern(text: str) -> re.Pattern[str]:
    literal_and_slot = _SLOT.split(text)
    pieces = (f"(?P<{piece}>.+?)" if place % 2 else re.escape(piece) for place, piece in enumerate(literal_and_slot))
    return re.compile("".join(pieces), re.DOTALL)
