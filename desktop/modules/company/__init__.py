"""公司管理: the company itself and its people."""

from ...engine.define import Chapter

chapter = Chapter("company", "公司管理", "building-2", 80)
