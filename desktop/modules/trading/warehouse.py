"""仓库: where goods lie (modules.md 2.2.9)."""

from ...engine.define import Module, Related, Tab
from ...engine.fields import Bool, Enum, Phone, Ref, Text

warehouse = Module(
    name="warehouse",
    label="仓库",
    also="库房",
    noun="仓库",
    chapter="trading",
    icon="warehouse",
    position=70,
    title="name",
    lookup=True,
    search=False,
    fields=dict(
        code=Text("编号", required=True, unique=True, max_length=20, index=True),
        name=Text("名称", required=True, unique=True, max_length=60),
        branch=Ref("分公司", "branch", index=True, help="空着是全公司的"),
        kind=Enum(
            "类型",
            {"normal": "普通", "van": "车载", "exhibition": "展会", "transit": "在途", "defect": "次品"},
            default="normal",
            index=True,
        ),
        keeper=Ref("仓管", "employee", index=True),
        address=Text("地址", width=240),
        phone=Phone("电话"),
        is_default=Bool("默认", help="新单据先选它"),
        is_stopped=Bool("停用", help="停用后不能再选，已用的照常显示"),
    ),
    retire="is_stopped",
    columns="code name branch kind keeper is_default is_stopped",
    quick="code name keeper address",
    context="code",
    sort="code",
    tabs=(Tab("基本", "code name branch kind keeper phone address is_default is_stopped"),),
    related=(
        Related("库存", "stock_balance", "warehouse"),
        Related("库存流水", "stock_move", "warehouse"),
        Related("分仓上下限", "stock_limit", "warehouse"),
    ),
    seed=(dict(seed="main", code="01", name="主仓", kind="normal", is_default=True),),
    rights=dict(
        manager="view export print", sales="view", storekeeper="view export print", finance="view export print"
    ),
    help="warehouse",
)
