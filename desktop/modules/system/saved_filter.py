"""Filters people keep under a name; private, on all machines of their user (modules.md 2.10.3)."""

from ...engine.define import Module
from ...engine.fields import LongText, Text

saved_filter = Module(
    name="saved_filter",
    label="过滤方案",
    noun="过滤方案",
    chapter="system",
    icon="bookmark",
    menu=False,
    search=False,
    title="name",
    scope="private",
    fields=dict(
        name=Text("名称", required=True, max_length=60),
        module=Text("模块", required=True, max_length=60, index=True),
        view=LongText("内容", required=True),
    ),
    columns="name module",
    sort="name",
)
