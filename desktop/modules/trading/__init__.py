"""业务管理: what we buy and sell."""

from ...engine.define import Chapter

chapter = Chapter("trading", "业务管理", "package", 20)
