"""What commands say about requests, in both languages."""

from infra.commands.language import Language
from shared.schemas.model import Text

WORDS = {
    "accepted": Text(zh="已受理", en="accepted"),
    "returned": Text(zh="已退回，请补充", en="returned, to be completed"),
    "rejected": Text(zh="不予受理", en="rejected"),
    "withdrawn": Text(zh="已撤回", en="withdrawn"),
    "dropped": Text(zh="已撤回", en="withdrawn before it was accepted"),
    "duplicate": Text(zh="与之前的相同", en="the same as before"),
    "amended": Text(zh="有变更", en="amended"),
    "amendment": Text(zh="变更待确认", en="amendment yet to be confirmed"),
    "withdrawal": Text(zh="撤回待确认", en="withdrawal yet to be confirmed"),
    "submitted": Text(zh="已受理", en="accepted"),
    "waiting": Text(zh="等待人选", en="waiting for somebody"),
    "choosing": Text(zh="待协调人选择", en="the coordinator is choosing"),
    "assigned": Text(zh="已分派", en="assigned"),
    "working": Text(zh="进行中", en="under way"),
    "sent_back": Text(zh="已退回，请补充", en="sent back for more information"),
    "paused": Text(zh="已暂停", en="paused"),
    "completed": Text(zh="已完成", en="completed"),
    "confirmed": Text(zh="已确认", en="confirmed"),
    "field": Text(zh="字段", en="field"),
    "why": Text(zh="原因与做法", en="why, and what to do"),
    "amendment_requested": Text(zh="请求变更", en="amendment asked for"),
    "withdrawal_requested": Text(zh="请求撤回", en="withdrawal asked for"),
    "coordinator_assigned": Text(zh="已指派协调人", en="coordinator assigned"),
    "supporters_assigned": Text(zh="已指派支持人", en="supporters assigned"),
    "assignment_waiting": Text(zh="等待人选", en="waiting for somebody"),
    "work_accepted": Text(zh="工作已接受", en="work accepted"),
    "work_declined": Text(zh="工作被谢绝，另行指派", en="work declined, given to another"),
    "work_sent_back": Text(zh="退回申请人补充", en="sent back for more information"),
    "work_paused": Text(zh="工作已暂停", en="work paused"),
    "work_resumed": Text(zh="工作已恢复", en="work goes on"),
    "support_handed_over": Text(zh="支持工作已移交", en="work handed over"),
    "absence_noticed": Text(zh="承担人休假", en="whoever has a part is away"),
    "coordination_handed_over": Text(zh="协调工作已移交", en="coordination handed over"),
    "supporter_added": Text(zh="增加了支持人", en="supporter added"),
    "supporter_released": Text(zh="减少了支持人", en="supporter released"),
    "seat_given_up": Text(zh="空缺席位不再补位", en="vacant seat given up"),
    "work_completed": Text(zh="工作已完成", en="work completed"),
    "delivery_confirmed": Text(zh="成果已确认", en="delivery confirmed"),
    "request_reopened": Text(zh="申请已重新打开", en="reopened"),
    "escalated_to_coordinator": Text(zh="已上报协调人", en="escalated to the coordinator"),
    "escalated_to_leader": Text(zh="已上报经营单位领导", en="escalated to the unit's leaders"),
    "service_level_warned": Text(zh="期限将到", en="time is running out"),
    "service_level_breached": Text(zh="已逾期", en="overdue"),
    "confirmation_reminded": Text(zh="已提醒申请人确认", en="requester reminded to confirm"),
    "clocks_recalculated": Text(zh="期限已重新计算", en="due times reckoned anew"),
    "request_amended": Text(zh="变更已生效", en="amended"),
    "amendment_refused": Text(zh="变更未获接受", en="amendment refused"),
    "request_withdrawn": Text(zh="已撤回", en="withdrawn"),
    "withdrawal_refused": Text(zh="撤回未获接受", en="withdrawal refused"),
    "review_opened": Text(zh="评审开始", en="review begun"),
    "review_waiting": Text(zh="评审等待中", en="review waits"),
    "opinion_given": Text(zh="已提出评审意见", en="opinion given"),
    "review_returned": Text(zh="评审退回", en="review returned to a step"),
    "reviewer_added": Text(zh="加请评审人", en="reviewer added"),
    "review_amended": Text(zh="评审随变更更新", en="review follows the amendment"),
    "review_decided": Text(zh="评审结论", en="review decided"),
    "linked_request_awaited": Text(zh="等待关联的价格申请", en="waits for the price request it names"),
    "linked_request_failed": Text(zh="关联的价格申请未成", en="the price request it names came to nothing"),
    "linked_request_decided": Text(zh="关联的价格申请已批准", en="the price request it names is approved"),
    "effort_logged": Text(zh="已登记工时", en="hours logged"),
    "effort_corrected": Text(zh="工时已更正", en="hours corrected"),
    "gifts_issued": Text(zh="礼品已发放", en="gifts issued"),
    "spend_logged": Text(zh="已登记费用", en="money logged"),
    "spend_corrected": Text(zh="费用已更正", en="money corrected"),
    "outcome_recorded": Text(zh="已登记商机结果", en="outcome recorded"),
    "clash_found": Text(zh="发现撞单", en="another unit pursues the same"),
    "clash_resolved": Text(zh="撞单已处理", en="clash settled"),
    "bid_planned": Text(zh="投标计划已排定", en="bid planned"),
    "bid_child_opened": Text(zh="投标分项已提交", en="part of the bid opened"),
    "bid_child_returned": Text(zh="投标分项待补充", en="part of the bid lacks something"),
    "not_assessed": Text(
        zh="未能评估能否按期完成；受理后将以邮件告知。",
        en="whether its dates can be met could not be assessed; a mail will say it",
    ),
    "bid_child_amended": Text(zh="投标分项已随投标变更", en="part of the bid amended"),
    "bid_item_confirmed": Text(zh="★条款已确认", en="★ item confirmed"),
    "document_rendered": Text(zh="文件已生成", en="document made"),
    "document_failed": Text(zh="文件未能生成", en="document failed"),
    "notification_planned": Text(zh="通知待发", en="notifications planned"),
    "notification_sent": Text(zh="通知已发", en="notification sent"),
    "notification_failed": Text(zh="通知失败", en="notification failed"),
    "notification_unknown": Text(zh="通知结果不明", en="notification in doubt"),
}
WHOLE = {
    "not_answered": Text(
        zh="{why}；请用 `backline status` 查看是否在运行。再次运行此命令是安全的。",
        en="{why}; see whether it runs with `backline status`. Running this command again is safe.",
    ),
    "erased_request": Text(
        zh="已删除个人信息；邮件 {mails} 封，退件 {entries} 条，上传文件 {files} 份，生成的文件 {rendered} 份。",
        en="Personal values are erased; {mails} mails, {entries} entries of the desk, {files} uploads, {rendered} rendered files.",
    ),
    "erased_person": Text(
        zh="已删除：申请 {requests} 条，退件 {entries} 条，上传文件 {files} 份，生成的文件 {rendered} 份。",
        en="Erased: {requests} requests, {entries} entries of the desk, {files} uploads, {rendered} rendered files.",
    ),
    "erase_left": Text(
        zh="有 {number} 条申请现在不能删除（其余已完成）；处理后运行 `backline erase continue`，见 `backline parked list`。",
        en="{number} requests could not be erased now, and the others are; see `backline parked list`, then run "
        "`backline erase continue`.",
    ),
    "erase_preview": Text(
        zh="尚未删除任何内容；确认后加 --yes 再次运行。", en="Nothing was erased yet; run it again with --yes."
    ),
    "erase_nothing": Text(zh="没有未完成的删除。", en="No erasure is left unfinished."),
    "erase_counts": Text(
        zh="将删除 {number} 条；另有 {rest} 条仅在较长文字中提到（--within 一并删除）。",
        en="{number} to be erased; {rest} more name them within a longer text only (--within erases these too).",
    ),
    "erase_what": Text(zh="申请或退件", en="request or entry"),
    "erase_where": Text(zh="字段", en="fields"),
    "erase_how": Text(zh="匹配", en="match"),
    "erase_exact": Text(zh="完全相同", en="exact"),
    "erase_within": Text(zh="包含", en="within"),
    "erase_desk": Text(zh="退件台", en="the desk"),
    "again": Text(zh="再次运行此命令是安全的。", en="Running this command again is safe."),
    "no_address": Text(
        zh="{url} 不是地址；例如 http://127.0.0.1:8001。", en="{url!r} is no address; write for example http://127.0.0.1:8001."
    ),
}


def word(name: str, language: Language) -> str:
    """The word for a status, an outcome or an event's last name; the name itself when there is none."""
    return WORDS[name].by_locale(language) if name in WORDS else name.replace("_", " ")


def said(name: str, language: Language, **context: object) -> str:
    """A whole sentence about what the command did, or what went wrong with it."""
    return WHOLE[name].by_locale(language).format(**context)
