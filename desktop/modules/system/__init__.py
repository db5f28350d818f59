"""系统: dictionaries and what the program keeps for itself."""

from ...engine.define import Chapter

chapter = Chapter("system", "系统", "settings", 110)
