"""Special rights that several chapters or the engine itself ask for (modules.md 0.6)."""

from ...engine.define import Special

settings = Special(
    "settings",
    "系统设置",
    "改系统配置，以及公司资料、部门、操作员、角色、基本资料和打印模板（还要勾选那个模块的「修改」），备份和检查数据。",
    10,
)
assign = Special("assign", "数据分配", "把客户交给别的业务员。", 20)
unmask = Special("unmask", "查看完整电话", "看到别人客户的完整电话，没有它只显示头尾几位。", 30)
export_all = Special("export_all", "导出全部", "一次导出或打印 5,000 条以上。", 40)
merge = Special("merge", "合并重复", "把重复的客户、供应商、联系人并成一个，也可以再拆开。", 50)
