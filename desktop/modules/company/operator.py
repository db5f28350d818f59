"""操作人员权限: operators, roles and machines (modules.md 2.8.3)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...engine.define import VERBS, Draft, Fault, Module, Tab, seed_id
from ...engine.fields import Bool, Date, DateTime, Enum, Password, Ref, Refs, Text
from ...engine.fields.moment import today
from ...engine.fields.password import fault_of_new
from .granting import SCOPES, by_role, by_roles, width

ADMIN = seed_id("role", "admin")


def _is_admin(draft: Draft, operator: Mapping[str, Any] | None) -> bool:
    """Whether an operator is an administrator tomorrow, too, and somebody of the staff."""
    if operator is None or ADMIN not in operator["roles"] or operator["is_stopped"]:
        return False
    lasts = operator["valid_until"] is None or operator["valid_until"] > today()
    return lasts and bool(operator["employee"]) and draft.look("employee", operator["employee"]) is not None


def keeps_an_administrator(draft: Draft) -> Iterator[Fault]:
    """Nobody removes himself, and the last 管理员 stays."""
    if draft.old and draft.new is None and draft.id == draft.author:
        yield Fault("不能删除自己")
    if _is_admin(draft, draft.old) and not _is_admin(draft, draft.new):
        others = (one for one in draft.find("operator", {}) if one["id"] != draft.id)
        if not any(_is_admin(draft, one) for one in others):
            yield Fault("这是最后一个管理员，先让另一位操作员成为管理员", "roles" if draft.new else None)


def login_name_is_free(draft: Draft) -> Iterator[Fault]:
    """Within a department the login window must tell users apart."""
    if draft.new is None:
        return
    same = draft.find("operator", {"login_name": draft.new["login_name"], "department": draft.new["department"]})
    if any(one["id"] != draft.id for one in same):
        yield Fault(f"这个部门已有用户「{draft.new['login_name']}」，请换一个用户名", "login_name")


def password_is_not_the_name(draft: Draft) -> Iterator[Fault]:
    """Rule O1; the field has judged all that needs no name."""
    if draft.new and (fault := fault_of_new(draft.new["password"], str(draft.new["login_name"]))):
        yield Fault(fault, "password")


def has_password(draft: Draft) -> Iterator[Fault]:
    """Without a password nobody could log in."""
    if draft.new and not draft.new["password"]:
        yield Fault("请设置密码", "password")


def _is_by_administrator(draft: Draft) -> bool:
    """Whether an administrator saves, or the program itself while a company is founded."""
    author = draft.look("operator", draft.author)
    return author is None or ADMIN in author["roles"]


def own_rights_stay(draft: Draft) -> Iterator[Fault]:
    """Nobody gives himself more, or locks himself out: somebody else does it."""
    if not (draft.old and draft.new) or draft.id != draft.author:
        return
    if set(draft.old["roles"]) != set(draft.new["roles"]):
        yield Fault("不能改自己的角色，请另一位管理员来改", "roles")
    for name, label in (("machines", "允许的机器"), ("valid_until", "有效期"), ("is_stopped", "停用")):
        if draft.old[name] != draft.new[name] and not _is_by_administrator(draft):
            yield Fault(f"不能改自己的「{label}」，请管理员来改", name)


def only_administrators_make_administrators(draft: Draft) -> Iterator[Fault]:
    """The right `settings` alone must not lead to all rights, by a new password of an administrator for example."""
    was, becomes = (bool(one and ADMIN in one["roles"]) for one in (draft.old, draft.new))
    if not (was or becomes) or _is_by_administrator(draft):
        return
    if was:
        yield Fault("管理员的用户只有管理员能修改或删除")
    else:
        yield Fault("只有管理员能让别人成为管理员", "roles")


def nobody_hands_on_more_than_he_has(draft: Draft) -> Iterator[Fault]:
    """The right `settings` gives no role, and no password of who has one, that gives more than one has oneself."""
    author = draft.look("operator", draft.author)
    if draft.new is None or author is None:
        return
    own, held = by_roles(draft, author["roles"]), list(draft.old["roles"]) if draft.old else []
    for id in draft.new["roles"]:
        given = draft.look("role", id)
        if given and id not in held and not by_role(draft, id, given).is_within(own):
            yield Fault(f"角色「{given['name']}」的权限比你自己的多，请管理员来给", "roles")
    if isinstance(draft.new["password"], str) and not by_roles(draft, held).is_within(own):
        yield Fault("这个用户的权限比你自己的多，密码请管理员来设", "password")


def role_name_is_free(draft: Draft) -> Iterator[Fault]:
    """Roles are chosen by name."""
    if draft.new and any(one["id"] != draft.id for one in draft.find("role", {"name": draft.new["name"]})):
        yield Fault(f"已有角色「{draft.new['name']}」，请换一个名称", "name")


def shipped_roles_stay(draft: Draft) -> Iterator[Fault]:
    """管理员 always has all rights; the others that ship with the program are changed but never deleted."""
    if draft.old and draft.old["all_rights"]:
        yield Fault(f"「{draft.old['name']}」总有全部权限，不能修改或删除")
    elif draft.old and draft.new is None and draft.old["is_system"]:
        yield Fault(f"「{draft.old['name']}」是系统自带的角色，不能删除；不用它就不要分给操作员")


def own_role_stays(draft: Draft) -> Iterator[Fault]:
    """Who has a role does not change it, unless he has all rights anyway."""
    author = draft.look("operator", draft.author)
    if draft.old and author and draft.id in author["roles"] and ADMIN not in author["roles"]:
        yield Fault("这是你自己的角色，不能自己改，请管理员来改")


def nobody_widens_beyond_his_own(draft: Draft) -> Iterator[Fault]:
    """A wider scope and prices are given by who has them, as boxes are (`rights.save_role`)."""
    author = draft.look("operator", draft.author)
    if draft.new is None or author is None:
        return
    was, now = width(draft.old["data_scope"] if draft.old else None), width(draft.new["data_scope"])
    shows = not draft.new["hide_prices"] and (draft.old is None or bool(draft.old["hide_prices"]))
    if not shows and now <= was:
        return
    if not by_role(draft, draft.id, draft.new).is_within(by_roles(draft, author["roles"])):
        field = "data_scope" if now > was else "hide_prices"
        yield Fault("这样改了，这个角色的权限就比你自己的多，请管理员来改", field)


operator = Module(
    name="operator",
    label="操作人员权限",
    also="用户 账号 权限",
    noun="操作员",
    chapter="company",
    icon="key-round",
    position=50,
    title="login_name",
    search=False,
    edit_right="settings",
    fields=dict(
        login_name=Text("用户名", required=True, unique=True, max_length=40),
        employee=Ref("职员", "employee", required=True, index=True, copies={"department": "department"}),
        department=Ref("登录部门", "department", required=True, index=True, merge="flag"),
        roles=Refs("角色", "role", required=True),
        password=Password("密码", help="至少 8 位，别太好猜，不能和用户名相同；修改时空着就不变"),
        is_stopped=Bool("停用"),
        valid_until=Date("有效期至", index=True, for_good=True),
        machines=Refs("允许的机器", "machine", help="空着可在本分公司的共用机器登录"),
        must_change_password=Bool("须改密码", help="下次登录时自己改"),
    ),
    retire="is_stopped",
    columns="login_name employee department roles is_stopped valid_until",
    quick="login_name employee department",
    context="employee department",
    panes={"rights": "权限一览"},
    sort="login_name",
    tabs=(
        Tab(
            "基本",
            "login_name employee department roles password is_stopped valid_until machines must_change_password",
        ),
    ),
    rules=(
        login_name_is_free,
        has_password,
        password_is_not_the_name,
        keeps_an_administrator,
        own_rights_stay,
        only_administrators_make_administrators,
        nobody_hands_on_more_than_he_has,
    ),
    rights=dict(manager="view", finance="view"),
    help="operator",
)

_ROLES: tuple[Mapping[str, Any], ...] = (
    dict(seed="admin", name="管理员", is_system=True, all_rights=True, data_scope="all"),
    dict(seed="sales", name="业务员", is_system=True, data_scope="own"),
    dict(seed="manager", name="总经理", is_system=True, data_scope="all"),
    dict(seed="storekeeper", name="仓管", is_system=True, data_scope="branch", hide_prices=True),
    dict(seed="finance", name="财务", is_system=True, data_scope="branch"),
)

role = Module(
    name="role",
    label="角色",
    also="岗位",
    noun="角色",
    chapter="company",
    icon="shield",
    position=55,
    page="roles",
    search=False,
    title="name",
    edit_right="settings",
    fields=dict(
        name=Text("名称", required=True, unique=True, max_length=60, merge="flag"),
        is_system=Bool("系统角色", readonly=True),
        all_rights=Bool("全部权限", readonly=True),
        data_scope=Enum("数据范围", SCOPES, required=True, default="own", merge="flag"),
        hide_prices=Bool("不显示价格", merge="flag"),
    ),
    columns="name data_scope is_system",
    quick="name",
    sort="name",
    tabs=(Tab("基本", "name data_scope hide_prices"),),
    children="role_right role_special",
    rules=(role_name_is_free, shipped_roles_stay, own_role_stays, nobody_widens_beyond_his_own),
    seed=_ROLES,
    rights=dict(manager="view", finance="view"),
    help="role",
)


def shipped_rights(modules: Sequence[Module]) -> Iterator[Mapping[str, Any]]:
    """What each module says that the shipped roles may do in it."""
    names = {row["seed"]: row["name"] for row in _ROLES}
    for module in modules:
        for code, actions in module.rights.items():
            yield dict(
                seed=f"{code}.{module.name}",
                name=f"{names[code]} · {module.label}",
                role=f"@role:{code}",
                module=module.name,
                actions=actions,
            )


role_right = Module(
    name="role_right",
    label="模块权限",
    noun="模块权限",
    chapter="company",
    menu=False,
    search=False,
    writable=False,
    title="name",
    edit_right="settings",
    fields=dict(
        name=Text("名称", max_length=160),
        role=Ref("角色", "role", required=True),
        module=Text("模块", required=True, max_length=60),
        actions=Text("操作", merge="flag", help="以空格分开；逐项改过的另有一格"),
        # A box of its own for each action, blank while it is as `actions` says: two people who tick different boxes of
        # one row on two machines both keep what they ticked.
        **{
            f"may_{right}": Enum(label, {"yes": "允许", "no": "不允许"}, merge="flag") for right, label in VERBS.items()
        },
        data_scope=Enum("数据范围", SCOPES, merge="flag"),
    ),
    parent="role",
    columns="name data_scope",
    sort="module",
    seed=shipped_rights,
)

# As the table of first roles in modules.md 2.8.3 has them; some are for modules that are still to come.
_SHIPPED_SPECIALS = {
    "manager": "see_cost see_purchase_price see_private see_others_balance unmask assign over_credit",
    "sales": "sms_send",
    "finance": "see_cost see_purchase_price see_private see_others_balance close_period back_date",
}

role_special = Module(
    name="role_special",
    label="特殊权限",
    noun="特殊权限",
    chapter="company",
    menu=False,
    search=False,
    writable=False,
    title="special",
    edit_right="settings",
    fields=dict(role=Ref("角色", "role", required=True), special=Text("权限", required=True, max_length=60)),
    parent="role",
    columns="role special",
    sort="special",
    seed=tuple(
        dict(seed=f"{code}.{special}", role=f"@role:{code}", special=special)
        for code, specials in _SHIPPED_SPECIALS.items()
        for special in specials.split()
    ),
)

machine = Module(
    name="machine",
    label="机器",
    noun="机器",
    chapter="company",
    icon="monitor",
    menu=False,
    search=False,
    writable=False,
    title="name",
    edit_right="settings",
    fields=dict(
        code=Text("机器码", required=True, max_length=8),
        name=Text("名称", required=True),
        branch=Ref("分公司", "branch", loose=True),
        kind=Enum("用途", {"shared": "共用", "personal": "个人"}, default="shared"),
        enrolled_at=DateTime("登记时间"),
        state=Enum(
            "状态",
            {"active": "使用中", "revoked": "已吊销", "replaced": "已替换"},
            default="active",
            merge="rank",
        ),
    ),
    columns="code name branch kind state",
    quick="code name",
    sort="code",
    tabs=(Tab("基本", "code name branch kind state enrolled_at"),),
)
