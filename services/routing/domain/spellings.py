"""What varies in how a customer's name and a tender's number are written, and says nothing of which they are. Data alone.

Whatever is added here makes other digests of the names and numbers that it touches: see docs/decisions/0031.
"""

COMPANIES = (
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "集团公司",
    "股份公司",
    "控股公司",
    "总公司",
    "公司",
    "股份",
    "集团",
    "控股",
)
"""What ends a company's name and is often left out; the longer first."""
BRANCHES = ("分公司", "子公司")
"""Another body than the company whose name it begins with."""
COMPANIES_IN_ENGLISH = frozenset(
    {
        *("co", "ltd", "limited", "inc", "incorporated", "corp", "corporation", "company", "group", "holdings", "llc", "plc"),
        *("llp", "pte", "pty", "gmbh"),
    }
)

PLACES = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市")
"""What follows the name of a place and is often left out; the longer first. 区 and 县 are not: a county beside a city of the same
name is another body, and so is a district.
"""
SHARED_PLACES = ("吉林", "朝阳")
"""Names that a province and a city, or a city and a district, have alike: what follows them tells them apart."""

LABELS = ("政府", "公开", "竞争性", "招标", "采购", "项目", "文件", "标书", "标", "投标", "询价", "谈判", "磋商", "比选", "竞价")
LABELS_END = ("编号", "编码", "代码", "号码", "号")
LABEL_ALONE = "编号"
LABELS_IN_ENGLISH = (
    "tender",
    "bidding",
    "bid",
    "rfp",
    "rfq",
    "project",
    "procurement",
    "purchase",
    "document",
    "reference",
    "ref",
)
LABELS_END_IN_ENGLISH = ("number", "num", "no")
LABELS_BEFORE_COLON = ("tender", "bid", "reference", "ref", "id", "code")
"""Words that are a label only where a colon follows: without one they may be the number's own."""

NUMERALS = "一二三四五六七八九十两"
ACTS = ("招标", "采购", "公告", "询价", "谈判", "磋商", "比选", "挂网", "发布")
AGAIN = ("重新", "再次")
ORDINALS = ("first", "second", "third", "fourth")
ACTS_IN_ENGLISH = ("round", "time", "call", "tender", "bidding", "bid", "attempt", "notice")
