"""What hangs on any record: files and comments (modules.md 2.5.1, product.md C11). Seen, written and deleted with their
record; the content of a file travels apart, by its hash (S10)."""

from ...engine.define import Module
from ...engine.fields import DateTime, Enum, Int, LongText, Ref, Text

attachment = Module(
    name="attachment",
    label="附件",
    noun="附件",
    chapter="system",
    icon="paperclip",
    menu=False,
    search=False,
    writable=False,
    hangs=True,
    title="file_name",
    scope="follow",
    parent="record",
    fields=dict(
        module=Enum("模块", {}, required=True),
        record=Ref("记录", target_by=("module", {}), required=True, index=True),
        role=Enum(
            "用途",
            {"file": "文件", "image": "图片", "card": "名片", "signature": "签名", "logo": "标志", "seal": "公章"},
            default="file",
        ),
        file_name=Text("文件名", required=True, max_length=255),
        size=Int("大小", min=1),
        sha256=Text("内容", max_length=64, index=True),
        mime=Text("类型", max_length=100),
        main_at=DateTime("设为主图", readonly=True),
        uploaded_by=Ref("上传人", "employee", loose=True, default="me"),
    ),
    units=("module record",),
    columns="file_name role size module record uploaded_by",
    sort="file_name",
)

comment = Module(
    name="comment",
    label="评论",
    noun="评论",
    chapter="system",
    icon="message-square",
    menu=False,
    search=False,
    writable=False,
    hangs=True,
    title="text",
    scope="follow",
    parent="record",
    fields=dict(
        module=Enum("模块", {}, required=True),
        record=Ref("记录", target_by=("module", {}), required=True, index=True),
        text=LongText("评论", required=True, max_length=2_000),
    ),
    units=("module record",),
    columns="text module record",
    sort="text",
)
