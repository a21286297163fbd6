"""Why a file is not taken: a stable code, and a sentence in both languages that says what to do instead. Pure."""

from shared.schemas.model import Text


class FileRefused(Exception):  # noqa: N818  # it is an answer, not a fault
    """The file must not come in as it is; `text` names the problem and the remedy, never anything from inside the file."""

    def __init__(self, code: str, text: Text) -> None:
        super().__init__(text.en)
        self.code = code
        self.text = text


TEXTS = {
    "broken_archive": Text(
        zh="压缩文件（或 Office 文件）已损坏，或结构不合规范；请重新导出或重新打包。",
        en="The archive (or Office file) is damaged or not put together as it should be; export it or pack it again.",
    ),
    "too_many_entries": Text(
        zh="压缩文件内的条目过多；请减少文件数后分开上传。",
        en="The archive holds too many entries; split it and upload the parts.",
    ),
    "overlapping_entries": Text(
        zh="压缩文件内的条目互相重叠，这是压缩炸弹的做法；请重新打包。",
        en="Entries of the archive overlap, as in a zip bomb; pack it again.",
    ),
    "unpacks_too_large": Text(
        zh="文件解压后过大；请缩小内容，或拆成几个文件。",
        en="The file unpacks to too much; make its content smaller, or split it.",
    ),
    "false_size": Text(
        zh="压缩文件所写的大小或校验值与内容不符；请重新打包。",
        en="A size or checksum that the archive states is not that of its content; pack it again.",
    ),
    "nested_too_deep": Text(
        zh="压缩文件层层嵌套过深；请直接打包其中的文件。",
        en="Archives are nested too deeply in the file; pack the files themselves.",
    ),
    "encrypted": Text(
        zh="文件设有密码，无法检查；请去掉密码后上传。",
        en="The file is locked with a password and cannot be checked; remove the password.",
    ),
    "unsafe_path": Text(
        zh="压缩文件内有越出目录的路径、链接、过长的名称或含控制字符的名称；请重新打包。",
        en="The archive holds a path that leads out of it, a link, a name too long or one with control characters; pack it again.",
    ),
    "doctype": Text(
        zh="Office 文件内含 DOCTYPE（实体声明），不予接收；请用 Office 或 WPS 重新另存。",
        en="The Office file holds a DOCTYPE (entity declarations) and is not taken; save it again with Office or WPS.",
    ),
    "macros": Text(
        zh="文件含有宏；请另存为不含宏的格式（如 .docx、.xlsx、.pptx）。",
        en="The file holds macros; save it in a format without them (.docx, .xlsx, .pptx).",
    ),
    "remote_content": Text(
        zh="文件打开时会从别处载入模板或对象，不予接收；请断开外部链接（或另存为 PDF）后上传。",
        en="On opening, the file would load a template or an object from elsewhere; break its links, or save it as PDF.",
    ),
    "executable": Text(
        zh="文件是程序或脚本，或其中含有程序或脚本，不予接收；请只上传文档。",
        en="The file is a program or script, or holds one, and is not taken; upload documents only.",
    ),
    "disguised": Text(
        zh="文件名像文档或图片，内容却是网页或脚本一类；请按真实格式命名，或另存为真正的文档。",
        en="The name is that of a document or image, but the content is a web page or the like; name it for what it is, or "
        "save it as a real document.",
    ),
    "opaque_archive": Text(
        zh="这种压缩格式无法检查其内容；请改用不加密的 ZIP。",
        en="Archives of this kind cannot be looked into; pack it as a ZIP without a password.",
    ),
}


def refused(code: str) -> FileRefused:
    """The refusal under `code`."""
    return FileRefused(code, TEXTS[code])
