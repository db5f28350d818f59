"""系统配置: what the company decided, one record per key (modules.md 2.10.7)."""

from ...engine.define import Module, Setting
from ...engine.documents.declare import NUMBER_DATE as NUMBER_DATE
from ...engine.documents.declare import NUMBER_FORM as NUMBER_FORM
from ...engine.documents.declare import SEQ_WIDTH as SEQ_WIDTH
from ...engine.fields import Int, LongText, Text

FILE_MAX_MB = Setting[int](
    "file.max_mb",
    Int("附件最大 MB", required=True, min=1, max=64, default=50, help="大于它的文件不能作为附件"),
    "附件",
    500,
)

setting = Module(
    name="setting",
    label="系统配置",
    also="参数 选项 设置",
    noun="设置",
    chapter="system",
    icon="settings",
    position=5,
    page="settings",
    title="name",
    search=False,
    writable=False,
    edit_right="settings",
    fields=dict(
        name=Text("设置", required=True, max_length=60),
        # of what is decided for less than all of the company, with `@` and whom
        key=Text("键", required=True, max_length=120, index=True),
        # Blank where it is as shipped. People who change different settings never meet; of two who change the same one
        # the later counts, and the history shows both.
        value=LongText("值"),
    ),
    columns="name key value",
    quick="name key",
    sort="key",
    rights=dict(manager="view", finance="view"),
    help="setting",
)
