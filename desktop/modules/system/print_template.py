"""打印模板: how the company wants its papers to look (product.md M2.10.7). What a layout may say, the engine knows."""

import json
from collections.abc import Iterator

from ...engine.define import Draft, Fault, Module, Tab
from ...engine.fields import Bool, LongText, Text


def is_layout(draft: Draft) -> Iterator[Fault]:
    """Rule: a layout is an object that can be read; what it says is judged where it is laid out."""
    try:
        said = json.loads(str(draft.new["layout"])) if draft.new else {}
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        yield Fault("模板的内容读不了，请在打印模板里改", "layout")


print_template = Module(
    name="print_template",
    label="打印模板",
    noun="打印模板",
    chapter="system",
    icon="printer",
    position=6,
    page="templates",
    title="name",
    search=False,
    edit_right="settings",
    fields=dict(
        name=Text("名称", required=True, max_length=40, width=160),
        module=Text("单据", required=True, max_length=60, index=True),
        base=Text("从哪种改来", required=True, max_length=60),
        is_default=Bool("默认", help="打开打印预览时先用它"),
        layout=LongText("样式", required=True),
    ),
    columns="name module base is_default",
    quick="name",
    sort="name",
    tabs=(Tab("基本", "name module base is_default layout"),),
    rules=(is_layout,),
    rights=dict(manager="view", finance="view"),
    help="template",
)
