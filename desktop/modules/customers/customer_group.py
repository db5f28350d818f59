"""客户分组: the tree left of the customers (modules.md 2.1.1)."""

from ...engine.define import Module, Tab
from ...engine.fields import Bool, Int, Ref, Text

customer_group = Module(
    name="customer_group",
    label="客户分组",
    also="客户分类 客户类别",
    noun="分组",
    chapter="customers",
    icon="folder-tree",
    menu=False,
    search=False,
    title="name",
    fields=dict(
        name=Text("分组名称", required=True, max_length=60),
        parent=Ref("上级分组", "customer_group", tree=True, help="留空就是最高一级"),
        sort=Int("排序", help="小的在前"),
        is_default=Bool("默认分组"),
    ),
    parent="parent",
    columns="name parent sort is_default",
    quick="name",
    sort="sort,name",
    tabs=(Tab("基本", "name parent sort is_default"),),
    seed=(
        dict(seed="potential", name="潜在客户", sort=10),
        dict(seed="general", name="一般客户", sort=20, is_default=True),
        dict(seed="key", name="重点客户", sort=30),
        dict(seed="partner", name="合作伙伴", sort=40),
    ),
    rights=dict(manager="view export print", sales="view", finance="view export print"),
)
