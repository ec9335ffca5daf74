"""What becomes of carts, orders and journeys."""

from tpaudit.kpis.definition import Family
from tpaudit.results import Titles

FAMILY = Family("conversion", Titles(en="Conversion", zh="转化"))
