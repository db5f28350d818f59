"""产品类别: the tree left of the products (modules.md 2.2.1)."""

from ...engine.define import Module, Tab
from ...engine.fields import Int, Ref, Text

product_category = Module(
    name="product_category",
    label="产品类别",
    also="商品分类 产品分类",
    noun="类别",
    chapter="trading",
    icon="folder-tree",
    menu=False,
    search=False,
    title="name",
    fields=dict(
        name=Text("类别名称", required=True, max_length=60),
        code=Text("编号", max_length=20),
        parent=Ref("上级类别", "product_category", tree=True, help="留空就是最高一级"),
        sort=Int("排序", help="小的在前"),
    ),
    parent="parent",
    columns="name code parent sort",
    quick="name code",
    context="code parent",
    sort="sort,name",
    tabs=(Tab("基本", "name parent code sort"),),
    seed=(dict(seed="general", name="未分类", sort=900),),
    rights=dict(manager="view export print", sales="view", storekeeper="view", finance="view export print"),
    help="product",
)
