"""公司职员信息 (modules.md 2.8.2); what only a few may see has its own table, later."""

from ...engine.define import Module, Section, Tab
from ...engine.fields import Birthday, Date, Dict, Email, Enum, LongText, Phone, Ref, Serial, Text
from ...engine.fields.usual import MOBILE

employee = Module(
    name="employee",
    label="公司职员信息",
    also="员工 人员 同事 业务员",
    noun="职员",
    chapter="company",
    icon="id-card",
    position=40,
    title="name",
    lookup=True,
    fields=dict(
        code=Serial("工号", prefix="YG", required=True, unique=True, max_length=20, readonly=False, width=108),
        name=Text("姓名", required=True, max_length=60),
        department=Ref("部门", "department", required=True, index=True),
        position=Dict("职务", "position", index=True),
        gender=Enum("性别", {"m": "男", "f": "女", "u": "未知"}, default="u"),
        birth=Birthday("生日"),
        mobile=Phone("手机", usual=MOBILE, search=True, index=True),
        phone=Phone("电话", index=True),
        email=Email("邮件", index=True),
        wechat=Text("微信", index=True),
        hired_on=Date("入职日期", index=True),
        left_on=Date("离职日期"),
        state=Enum(
            "状态",
            {"trial": "试用", "regular": "正式", "left": "离职", "retired": "退休"},
            default="regular",
            index=True,
            merge="rank",
            tones={"trial": "draft", "regular": "good", "left": "quiet", "retired": "quiet"},
        ),
        education=Dict("学历", "education"),
        note=LongText("备注"),
    ),
    when="hired_on",
    columns="code name department position mobile phone email hired_on state",
    quick="code name mobile phone email department hired_on",
    context="code department",
    sort="code",
    tabs=(
        Tab(
            "基本",
            "code name department position gender state hired_on left_on",
            (Section("联系", "mobile phone email wechat"), Section("其他", "birth education note")),
        ),
    ),
    rights=dict(manager="view", finance="view"),
    help="employee",
)
