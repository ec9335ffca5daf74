"""What customers say."""

from tpaudit.kpis.definition import Family
from tpaudit.results import Titles

FAMILY = Family("experience", Titles(en="Experience", zh="体验"))
