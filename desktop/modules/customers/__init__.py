"""客户管理: who we deal with."""

from ...engine.define import Chapter

chapter = Chapter("customers", "客户管理", "users", 10)
