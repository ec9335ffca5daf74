"""How often customers are met, and how long the way to a purchase is."""

from tpaudit.kpis.definition import Family
from tpaudit.results import Titles

FAMILY = Family("engagement", Titles(en="Engagement", zh="互动"))
