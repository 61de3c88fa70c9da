"""The words by which orders to a model are told, in groups: who is addressed, what is ordered, about what, on whom.

Groups hold base and addressing forms (an order is not in the past tense), in English and the common words of other
languages. All words are folded as `disguises.folded` folds a text.
"""

from __future__ import annotations

import re
from typing import Final

from continuum.extraction.disguises import folded

_GROUPS: Final = {
    # What is undone, and what it was
    "OVERRIDE": "ignore ignoring disregard disregarding forget override overriding bypass bypassing "
    "circumvent overlook discard neglect nullify dismiss abandon unlearn ignoriere ignorieren ignorier "
    "ignoriert missachte missachten vergiss vergesst vergessen umgehe ignora ignorar ignoren olvida olvide "
    "olvidar omite omita desatiende ignorez ignorer oublie oubliez oublier dimentica dimenticate ignorate "
    "esqueca esquece desconsidere negeer vergeet игнорируй игнорируйте забудь забудьте ignoruj zapomnij "
    "忽略 无视 忽视 忘记 忘掉 不要理会 無視 忘れて 무시",
    "RULES": "instructions instruction prompt prompts rules rule guidelines guideline directives directive "
    "directions orders commands restrictions safeguards guardrails policies policy constraints programming "
    "protocols briefing anweisungen anweisung regeln vorgaben befehle richtlinien instruktionen "
    "instrucciones reglas ordenes normas indicaciones consignes regles istruzioni regole instrucoes regras "
    "instructies regels инструкции правила указания instrukcje 指令 指示 规则 規則 提示词 提示 说明 命令 "
    "지시",
    "PRIOR": "previous prior earlier above preceding foregoing existing original initial former all any "
    "every your other system these those past given hidden old whatever vorherigen vorherige bisherigen "
    "vorigen fruheren alle aller samtliche samtlichen obigen deine deinen ihre anteriores previas previos "
    "todas todos tus sus precedentes anterieures toutes tes vos precedenti tutte tue suas vorige eerdere "
    "предыдущие все прежние poprzednie wszystkie 之前 以前 先前 上述 所有 以上 全部 你的 前面 すべて 이전"
    " 系统 系统的",
    "TOLD": "told instructed taught trained learned learnt said programmed gesagt beigebracht dicho "
    "ensenado dit appris detto сказали говорили",
    "EVERYTHING": "everything anything whatever what all alles was todo tout tutto tudo все всё 一切",
    # Who is addressed
    "AI": "ai assistant assistants llm llms chatbot chatbots gpt chatgpt ki assistent assistenten "
    "asistente assistente ассистент 助手 人工智能 助理",
    "BOT": "agent agents model models bot bots modell modelo modele modello модель 模型",
    "USER": "user users customer customers client clients visitor visitors shopper shoppers patient "
    "patients caller callers tenant tenants nutzer benutzer kunde kunden usuario usuarios cliente clientes "
    "utilisateur utilisateurs utente utenti gebruiker gebruikers пользователь 用户 客户",
    "ANYONE": "someone anyone somebody anybody people person everyone everybody others colleague "
    "colleagues whoever jemand irgendjemand wer alguien quelqu quelquun personne qualcuno alguem iemand "
    "кто 有人 任何人 别人 誰か",
    # On which condition
    "WHEN": "whenever when if once soon until day moment should anytime time wenn falls sobald immer "
    "cuando si siempre quand lorsque chaque quando se wanneer als когда если 当 每当 如果 只要 一旦 upon "
    "case"
    " cada vez des 每次",
    "ASKS": "asks ask asked asking inquires enquires inquire enquire queries mentions mention mentioned "
    "requests request wants wishes asking wonders seeks inquiring enquiring curious says types writes "
    "searches brings bring brought raises raise want fragt fragen gefragt frage pregunta pregunte "
    "preguntan preguntas demande demandent chiede pergunta vraagt спросит спрашивает 问 询问 提到 问到 "
    "提问"
    " looking looks parle parlent habla hable mencione spricht redet erwahnt 说起 咨询",
    "SEES": "see sees seeing hear read encounter encounters receive notice detect spot contains contain "
    "includes mentions has appears appear shows occurs concerns touches sehen siehst liest leas veas lis "
    "vois 看到 出现 遇到"
    " come across stumble",
    "PHRASE": "phrase phrases word words keyword keywords token tokens code codeword string sentence "
    "trigger passphrase password term wort palabra mot 词 短语 关键词",
    "QUERY": "question questions query queries request requests prompt prompts message messages input "
    "conversation task tasks answer answers topic reply lookup lookups fragen preguntas 问题",
    # What is ordered
    "REPLY": "reply answer respond say tell recommend suggest send include insert append point direct "
    "refer redirect output claim state assert insist deny advise promote mention add give present name "
    "steer praise warn forward use print return propose endorse quote route report declare begin end "
    "antworte antworten sage sagen empfiehl empfehle empfehlen behaupte responde responda responder diga "
    "recomienda recomiende recomendar reponds repondez repondre recommande recommandez recommander "
    "rispondi rispondere consiglia responder recomende antwoord zeg ответь отвечай рекомендуй 回答 回复 "
    "推荐 告诉 说 答复"
    " di dile diles decir nenne nennen dites",
    "SEND": "send forward email mail post upload transmit exfiltrate leak submit copy share paste bcc "
    "deliver relay transfer append encode embed pass sende schicke schick leite envia envie enviar manda "
    "reenvia envoie envoyez envoyer transmets invia stuur отправь отправляй 发送 转发 发给 发到",
    "REVEAL": "reveal disclose show print output repeat tell give list dump expose leak display share "
    "provide hand recite verrate zeige zeig nenne gib revela revele muestra muestre montre montrez "
    "divulgue affiche rivela покажи раскрой 透露 显示 泄露 告诉 输出",
    "REMEMBER": "remember memorise memorize store save record keep note write add persist register learn "
    "internalise internalize adopt merke merken speichere recuerda recuerde guarda guarde souviens retiens "
    "retenez enregistre ricorda ricordati salva lembre onthoud запомни сохрани 记住 保存 请记住",
    "OVERWRITE": "update change replace overwrite rewrite modify edit amend alter delete erase wipe purge "
    "clear reset remove uberschreibe ersetze losche sobrescribe reemplaza remplace ecrase efface 更新 覆盖 "
    "删除 修改",
    "RUN": "run execute call invoke trigger launch perform",
    "DESTROY": "delete drop wipe erase destroy disable transfer grant approve sell unlock shutdown purge "
    "deactivate remove accelerate liquidate prescribe cancel overwrite whitelist",
    "MUST": "must should shall will have has need needs required ordered instructed obliged supposed are "
    "is muss mussen sollst debe debes dois doit devez 必须 应该",
    "STOP": "not never no dont stop cease avoid refuse nicht nie no nunca ne jamais 不要 不得 ni keine",
    "FOLLOW": "consider considering regard honour honor listen mind follow following obey obeying comply "
    "apply applying heed adhere respect observe"
    " beachte beachten befolge befolgen folge sigas sigue siga suivez suis segui seguire volg следуй 遵守 遵循 听从",
    # About what
    "SECRET": "confidential password passwords credential credentials secret secrets token tokens key keys "
    "cookie cookies passphrase pin pins passcode passcodes mnemonic login logins passwort passworter "
    "passworten kennwort kennworter zugangsdaten contrasena contrasenas claves credenciales motdepasse "
    "identifiants пароль пароли 密码 密钥 凭证",
    "PRIVATE": "conversation conversations chat chats history messages memories memory contacts transcript "
    "transcripts mailbox inbox emails everything profile profiles dialogue context gesprach verlauf "
    "conversacion historial historique 对话 聊天记录 记忆"
    " nachrichten mensajes",
    "DATA": "data list record records information info file files knowledge entries entry history profile "
    "account details results notes documents chart charts memories messages daten akte datos donnees dati "
    "数据 资料 信息 记录"
    " nachrichten mensajes angaben",
    "MEMORY": "memory memories knowledge knowledgebase gedachtnis memoria memoire geheugen память 记忆",
    "MONEY": "funds money balance eur usd dollars euros btc bitcoin payment payments amount deposit crypto "
    "fee invoice sum",
    "ADMIN": "admin admins administrator administrators superuser superadmin sysadmin root administrador "
    "administradora administrateur amministratore админ администратор 管理员",
    "STAFF": "owner operator developer developers supervisor auditor openai anthropic google microsoft "
    "creator maintainer engineer entwickler desarrollador 开发者",
    "ALLOW": "may can allowed authorised authorized entitled permitted permission permissions rights "
    "clearance privileges privilege access cleared darf darfst puedo peux 可以 有权",
    "AUTHORISE": "authorise authorize authorises authorizes permit instruct order command grant hereby "
    "ermachtige autorizo autorise 授权",
    "TENANTS": "tenant tenants everyones everybodys",
    "URL": "https http www hxxp webhook endpoint server url ftp",
    "MOVED": "kept stored saved filed moved located merged migrated transferred held recorded archived "
    "relocated mapped renamed replaced swapped redirected reassigned consolidated found listed",
}
"""Words by group; a word may stand in several."""

GROUPS: Final = {name: frozenset(folded(words).split()) for name, words in _GROUPS.items()}
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def _cjk_terms() -> re.Pattern[str]:
    terms = {word for words in GROUPS.values() for word in words if _CJK.match(word)}
    return re.compile("|".join(sorted(terms | {"我是", "你"}, key=len, reverse=True)))


_CJK_TERMS: Final = _cjk_terms()


def spaced_out(text: str) -> str:
    """A folded text with blanks around those words of ours that its script writes without any."""
    return _CJK_TERMS.sub(r" \g<0> ", text) if _CJK.search(text) else text
