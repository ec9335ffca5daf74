"""A small audit of two systems that know the same people, written as canonical CSV."""

from __future__ import annotations

from pathlib import Path

SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"
PEOPLE = 60
SETTINGS = '[audit]\nclient = "Acme"\nas_of = 2026-11-16\n[validate]\nfail_on = "never"\n'


def phone(number: int) -> str:
    """The phone of a person; the first two share one."""
    return f"139{0 if number == 1 else number:04d}5678"


def name(number: int) -> str:
    return SURNAMES[number // len(GIVEN)] + GIVEN[number % len(GIVEN)]


def new_audit(folder: Path) -> Path:
    """An audit whose exports are not ingested yet."""
    for system, column in (("crm", "city"), ("shop", "email")):
        lines = [f"contact_id,source_system,source_record_id,full_name,phone,{column}"]
        for number in range(PEOPLE):
            known = "上海" if column == "city" else f"p{number}@example.com"
            lines.append(f"{system}:{number},{system},{number},{name(number)},{phone(number)},{known}")
        file = folder / f"{system}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    return folder
