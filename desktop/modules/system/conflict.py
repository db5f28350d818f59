"""Two people changed the same thing without knowing of each other: both values, kept (sync.md B3, product.md S6).

The server adds the rows; a person only answers them. The columns are those of `replication/conflicts.py`.
"""

from ...engine.define import Module
from ...engine.fields import Bool, Enum, Int, LongText, Text

conflict = Module(
    name="conflict",
    label="同步冲突",
    noun="同步冲突",
    chapter="system",
    icon="git-compare",
    menu=False,
    search=False,
    writable=False,
    title="field",
    fields=dict(
        t=Text("数据表", max_length=64),
        record=Text("记录", max_length=64, index=True),
        module=Text("模块", max_length=64),
        field=Text("内容", max_length=200),
        winner=Text("现在生效的修改", max_length=120),
        winner_values=LongText("现在生效的值"),
        winner_actor=Text("修改人", max_length=64),
        winner_at=Int("修改时间"),
        loser=Text("另一处修改", max_length=120),
        loser_values=LongText("另一个值"),
        loser_actor=Text("另一修改人", max_length=64),
        loser_at=Int("另一修改时间"),
        is_flag=Bool("待决定"),
        # An answer outlasts the same pair told anew by a server that was restored; of two answers the later one holds.
        state=Enum(
            "状态",
            {"open": "待决定", "auto": "已自动合并", "kept": "保留", "swapped": "改用另一值"},
            index=True,
            merge="rank",
            ranks={"open": 0, "auto": 0, "kept": 1, "swapped": 1},
        ),
        resolved_by=Text("处理人", max_length=64, merge="rank"),
    ),
    units=("state resolved_by",),
    columns="module field winner_actor loser_actor state",
    sort="-winner_at",
)
