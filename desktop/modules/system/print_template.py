"""打印模板: how the company wants its papers to look (product.md M2.10.7). What a layout may say, the engine knows."""

from ...engine.define import Module, Tab
from ...engine.fields import Bool, LongText, Text

print_template = Module(
    name="print_template",
    label="打印模板",
    also="小票 单据格式",
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
    rights=dict(manager="view", finance="view"),
    help="template",
)
