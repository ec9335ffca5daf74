"""Who is who: contact records of all exports resolved into customers, each link with its probability and evidence.

Values that too many people hold are taken out (`shared_values`); records that agree on enough are compared field by
field (`blocking`, `comparison`, `evidence`); what each agreement is worth is learned from the data (`estimation`);
records that fit each other become customers (`clustering`). `linking.link` does this for any table of records,
`resolve` for the lake. The method and its measured quality: docs/identity.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpaudit.results import DedupeResult
    from tpaudit.store import Store


def resolve(store: Store) -> DedupeResult:
    """Resolve all contact records, write marts `customers` and `customer_links`, and say on what evidence.

    Raises InputFault if no export holds a contact record.
    """
    from tpaudit.identity.resolution import resolve as run

    return run(store)
