"""Why a file cannot be read, and what to do about it: one line, in Chinese and in English."""

from __future__ import annotations

from interviewer.errors import DocumentError
from interviewer.schema import LANGUAGES, Language

REASONS: dict[str, tuple[str, str]] = {
    "not_there": ("不存在", "is not there"),
    "no_file": ("不是文件", "is not a file"),
    "link": ("是链接，不跟随链接", "is a link; links are not followed"),
    "unreadable": ("无法读取（{why}）", "cannot be read ({why})"),
    "kind": ("不读取这类文件，请给 {suffixes}", "files of this kind are not read; give {suffixes}"),
    "no_documents": ("里没有可以导入的文档（{suffixes}）", "holds no documents ({suffixes})"),
    "too_many": ("里的文档超过 {most} 个，请分文件夹导入", "holds more than {most} documents; import its folders one by one"),
    "empty": ("是空文件", "is empty"),
    "too_large": ("大于 {most} MB，请拆分后再导入", "larger than {most} MB; split it"),
    "too_long": ("超过 {most} 个字符，请拆分后再导入", "holds more than {most} characters; split it"),
    "no_text": ("里没有文字", "holds no text"),
    "pictures": (
        "里没有文字（可能是扫描的图片），请先做文字识别（OCR）",
        "holds no text (pictures of pages?); run a text recognition over it first",
    ),
    "binary": ("不是文本文件，请另存为 UTF-8 文本", "is not text; save it as UTF-8"),
    "encoding": ("的编码无法识别，请另存为 UTF-8", "is not text in an encoding that is known; save it as UTF-8"),
    "ending": (
        "的内容与后缀 {suffix} 不符，请改正后缀或重新保存",
        "is not what its ending {suffix} says; give it the right ending or save it anew",
    ),
    "locked": ("有密码保护，请另存一份不带密码的", "is locked with a password; save a copy without one"),
    "old_word": (
        "有密码保护，或是旧版 Word 格式，请另存为不带密码的 .docx",
        "is locked with a password or in Word's old format; save an unlocked .docx",
    ),
    "encrypted": ("是加密的，请另存一份不带密码的", "is encrypted; save a copy without a password"),
    "damaged_pdf": ("已损坏（{why}），请重新打印成 PDF", "is damaged ({why}); print it to a new PDF"),
    "damaged_word": ("已损坏（{why}），请用 Word 打开后重新保存", "is damaged ({why}); open it in Word and save it anew"),
    "no_word": ("不是 Word 文档，请另存为 .docx", "is no Word document; save it as .docx"),
    "bomb": ("解压后远超一份文档应有的大小，不予读取", "unpacks to more than a document can be; it is not read"),
    "long_part": ("里的文字超过一份文档应有的量，请拆分后再导入", "holds more text than a document can; split it"),
    "entities": (
        "里定义了 XML 实体，正常的 Word 文件不会有，不予读取",
        "defines entities of its own, which no Word file does; it is not read",
    ),
    "pages": ("超过 {most} 页，请拆分后再导入", "has more than {most} pages; split it"),
    "slow": ("读取超过 {most} 秒，请拆分后再导入", "takes longer than {most} seconds to read; split it"),
    "nested": ("嵌套太深，请另存为纯文本", "is nested too deeply; save the page as plain text"),
    "too_deep": ("嵌套太深或太大，无法读取，请拆分", "nested too deeply or too large to be read; split it"),
    "library": (
        "需要 {library} 才能读取 {suffix}，请运行 `pip install 'interviewer[documents]'`",
        "reading {suffix} needs {library}; install it with `pip install 'interviewer[documents]'`",
    ),
}  # fmt: skip

GAP = (" ", ": ")
"""Between the file's name and the reason, in Chinese and in English."""


class Refusal(DocumentError):
    """A file that is not read. The message is English; `said` gives it in either language."""

    def __init__(self, reason: str, name: str = "", **values: object) -> None:
        """Args:
        reason: key of `REASONS`.
        name: of the file; a format that does not know it leaves it out.
        values: what the reason's gaps are filled with.
        """
        self.reason, self.name, self.values = reason, name, values
        super().__init__(self.said("en"))

    def said(self, language: Language) -> str:
        """The name and the reason as one line."""
        text = REASONS[self.reason][LANGUAGES.index(language)].format(**self.values)
        return f"{self.name}{GAP[LANGUAGES.index(language)]}{text}" if self.name else text

    def of(self, name: str) -> Refusal:
        """The same, with the file's name."""
        return Refusal(self.reason, name, **self.values)
