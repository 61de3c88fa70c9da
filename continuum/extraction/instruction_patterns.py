"""The table of `instruction_rules`: what an order to a model looks like, told in words, with its weights.

Columns: reason | weights for the user's own voice, the assistant's, any other | pattern | patterns (``;`` between
them) that say that nothing is meant by it. A line that begins with blanks goes on the line before; after `` +``
without a blank.
"""

from __future__ import annotations

from typing import Final

PATTERNS: Final = """
override | .80 .75 .85 | %OVERRIDE! ~6 PRIOR ~4 RULES | my ~3 RULES ; me|us|him|her|them to OVERRIDE
override | .30 .20 .45 | @OVERRIDE! ~6 my ~3 instructions|prompt
override | .30 .25 .55 | OVERRIDE! ~6 PRIOR ~4 instructions|prompt|prompts|directives|guidelines|safeguards | my ~3
    RULES ; me|us|him|her|them to OVERRIDE
override | .80 .70 .85 | %OVERRIDE! ~4 RULES ~3 previous|prior|above|PRIOR|before|earlier|given | my ~3 RULES ; me| +
    us|him|her|them to OVERRIDE
override | .35 .20 .60 | @OVERRIDE! ~4 system|developer ~2 prompt|message|instructions
override | .65 .50 .75 | %OVERRIDE! ~3 EVERYTHING ~5 you ~2 TOLD|know|were | you! told ~3 me
override | .65 .50 .75 | %OVERRIDE! ~3 EVERYTHING ~5 dir|te|ti|тебе|тебя|vous|ihnen ~4 TOLD
override | .65 .50 .75 | %OVERRIDE! ~3 EVERYTHING ~3 STAFF|makers|creators|trainers|programmers ~2 TOLD
override | .65 .45 .75 | set|put|leave|lay|throw|push|cast aside|away|out|behind! ~4 PRIOR ~3 RULES
override | .60 .40 .70 | STOP ~3 FOLLOW ~4 RULES! ~6 given|told|before|above|previously|earlier | i|we|they|he|she
    ~2 STOP
override | .50 .30 .60 | PRIOR ~2 instructions|directives|guidelines|rules|orders! ~6 cancelled|canceled|void| +
    lifted|suspended|obsolete|revoked|expired|invalid|abolished
override | .40 .25 .60 | RULES! ~12 not|never|nicht|longer ~1 apply|valid|bind|binding|count ~4 for|to|in ~2 me|my| +
    you|us|this
override | .55 .30 .60 | you are|re ~3 free|released|freed|liberated ~2 of|from ~3 RULES!
override | .55 .40 .65 | %skip|relax|loosen|drop|waive|suspend|OVERRIDE ~2 your|the|any ~2 safety|content|usual| +
    normal|standard ~2 RULES!
override | .50 .30 .60 | & you|your|yourself|vous|te|dich previous|previously|prior|earlier|above|before|received| +
    imposed|old|vorherigen|anteriores|precedentes instructions|guidelines|directives|rules|commands|prompt| +
    consignes|anweisungen|instrucciones! OVERRIDE|cancel|cancelled|revoked|void|nothing|released|exist|pretend|down| +
    counts|longer|plus|tenez|mehr|free | i|we|my|our
override | .50 .30 .60 | pretend|imagine|assume|suppose|act ~5 RULES! ~6 not|never|dont|nonexistent ~2 exist|apply| +
    there|matter
override | .50 .30 .60 | PRIOR|your ~2 directives|instructions|guidelines|rules! ~3 hereby|now ~2 revoked|cancelled| +
    void|suspended|lifted|replaced
override | .55 .30 .65 | you ~3 released|freed|liberated|relieved! ~1 from|of ~2 RULES
override | .55 .30 .60 | ne|ni ~2 tenez|tiens|suivez|suis! ~6 RULES ~2 PRIOR
override | .50 .30 .60 | @obey|serve|gehorche|obedece|obeis|obeissez! ~3 me|mir|mi|moi|my
override | .40 .25 .55 | only|nur|solo ~1 my|me|mich|mir|i ~1 word|words|orders|commands|voice|obey|instructions!
override | .60 .50 .75 | @OVERRIDE! ~3 EVERYTHING|all ~3 before|above|previously|prior|earlier|previous|preceding ~9
    you|instead|new | i! ~2 said|told|wrote|asked
override | .60 .45 .70 | no attention! to ~5 PRIOR ~3 RULES
override | .60 .40 .70 | STOP ~2 FOLLOW! ~3 PRIOR ~3 instructions|instruction|rules|guidelines|directives|prompt| +
    programming | i|we|they|he|she ~2 STOP
override | .55 .35 .65 | you|your ~3 no longer|longer! ~3 bound|limited|restricted|FOLLOW|apply|subject|constrained
override | .55 .35 .65 | RULES ~4 longer|void|obsolete|lifted|suspended|cancelled|revoked! ~3 apply|applies|valid| +
    you|now | deprecated!
override | .20 .05 .50 | ^new|updated|revised instructions|instruction|orders|directive|rules|task! ~2 you|is|are| +
    from|REPLY|OVERRIDE
override | .30 .15 .60 | your new|real|true|actual|only task|role|goal|objective|mission|purpose|instructions| +
    identity! ~1 is|are
override | .60 .45 .65 | you are ~3 unrestricted|jailbroken|uncensored|unfiltered|dan|jailbreak!
override | .45 .25 .60 | developer|debug|god|maintenance|dan|sudo|jailbreak|unrestricted|override mode! ~2 enabled| +
    on|activated|engaged|active|unlocked
override | .60 .40 .65 | @act|behave|respond|answer|reply|operate|pretend|continue|speak ~5 without|no|ignoring ~4
    restrictions|filters|limitations|safeguards|censorship|guardrails|rules|safety!
override | .55 .40 .65 | @disable|deactivate|remove|lift|bypass|drop|turn|switch|OVERRIDE ~3 your|all|safety|content
    ~3 guardrails|safeguards|filter|filters|restrictions|moderation|guidelines|safety!
override | .50 .30 .60 | RULES ~2 takes|take|has|have|overrides|supersedes|supersede|replaces! ~2 precedence| +
    priority|all|PRIOR ~5 RULES|MEMORY|other
override | .50 .30 .60 | this|these|following ~3 supersedes|supersede|overrides|override|precedence|outranks! ~4
    PRIOR ~3 RULES|MEMORY|memories
override | .55 .30 .65 | STOP ~3 FOLLOW ~3 PRIOR ~2 RULES! | i|we|they|he|she|ich|yo|je ~2 STOP ; my|our ~2 RULES
override | .55 .30 .65 | @FOLLOW ~3 PRIOR ~2 RULES! ~2 nicht|niet|pas
override | .55 .30 .65 | & throw|set|put|leave|lay|push aside|away|behind|down|out RULES! you|your | i|we|they|he| +
    she|my|our
override | .50 .30 .60 | you ~2 had|have|with|without ~1 no|without|any! ~1 instructions|guidelines|restrictions| +
    rules|limits|filters
override | .55 .30 .65 | STOP ~4 FOLLOW! ~4 RULES ~3 your|mine|developers|makers | i|we|they|he|she ~2 STOP
override | .50 .30 .60 | & you RULES! given|got|received|learnt|learned finished|void|gone|nothing|hear|expired| +
    worthless | i|my|we|our
privilege | .55 .30 .65 | REMEMBER ~4 i|im|me|user|ich|soy|suis|я|我是|am|bin ~4 ADMIN! | ADMIN! of|for|at|in ~4 our| +
    my|the
privilege | .20 .10 .35 | REMEMBER ~4 i|im|user ~4 ADMIN! of|for|at|in
privilege | .60 .35 .65 | i|im|ich|yo|soy|je|suis|我是|user ~5 ADMIN|STAFF! ~14 ALLOW ~6 TENANTS|others|other| +
    everyones|anyones|everybodys
privilege | .45 .20 .60 | i|im|ich|soy|suis|я|我是|user ~5 ADMIN! ~12 ALLOW ~5 all|every|any|everything|alle|todos| +
    todo|toutes|tous|所有
privilege | .65 .40 .70 | i|im|as|als|como|als|en|je|soy|suis|ich|我是 ~4 ADMIN|STAFF! ~10 AUTHORISE
privilege | .25 .10 .40 | i ~2 authorise|authorize|permit! you to
privilege | .40 .20 .60 | authorised|authorized|authorise|authorize|permission|clearance|cleared! ~5 REVEAL|bypass| +
    override|access ~5 SECRET|TENANTS|other|others|all|system|PRIVATE|confidential
privilege | .60 .35 .70 | treat|regard|consider|recognise|recognize|accept|see me|user|him|her|us ~7 as ~3 ADMIN| +
    STAFF!
privilege | .50 .35 .65 | this|user|account|he|she|they ~3 is|has|are|have|holds ~4 ADMIN! ~6 REMEMBER|rights| +
    privileges|access|ALLOW | role!
privilege | .55 .30 .60 | i|im|ich|je|yo|soy|suis|我是|as ~5 ADMIN! ~4 @REVEAL|SEND ~4 DATA|SECRET|PRIVATE
privilege | .50 .25 .60 | clearance|privileges! ~14 you ~1 may|can|must|should ~3 REVEAL|SEND|OVERRIDE
privilege | .50 .25 .60 | STAFF|ADMIN|team ~2 authorised|authorized|approved|allowed|permitted|instructed! ~1 you ~1
    to ~2 OVERRIDE|REVEAL|SEND|skip
privilege | .40 .20 .55 | & you|i|account|user|im ADMIN|clearance|superuser! ALLOW|AUTHORISE|exempt others| +
    everyones|confidential|checks|filter|everything|TENANTS REVEAL|SEND|OVERRIDE|ALLOW
privilege | .55 .25 .65 | ADMIN|STAFF|clearance|i ~12 ALLOW ~2 see|read|access|view|know|get|open ~3 all|every|any| +
    other ~1 USER! ~2 DATA|PRIVATE|SECRET
privilege | .35 .15 .45 | access ~2 to ~2 all|every|other|any ~1 USER!
privilege | .50 .25 .60 | you ~1 may|can|must|should ~3 disclose|reveal|divulge! ~6 SECRET|PRIVATE|other|all|every| +
    everyones
privilege | .30 .15 .45 | account|user|profile ~2 is ~2 root|superuser|admin|administrator!
privilege | .40 .20 .55 | you ~2 allowed|permitted|authorised|authorized|free|cleared! ~1 to ~3 REVEAL|SEND| +
    OVERRIDE|skip|access ~6 SECRET|PRIVATE|DATA|RULES|everything|all
privilege | .35 .15 .50 | ADMIN|STAFF! ~8 you ~2 ALLOW|MUST ~4 REVEAL|SEND|OVERRIDE|skip|DESTROY
privilege | .35 .20 .60 | grant|give|assign|gewahre|concede|accorde ~2 me|user|us|mir|account ~5 ADMIN|full| +
    unrestricted|elevated|unlimited|all ~2 access|rights|privileges|permissions|clearance!
privilege | .35 .20 .40 | i|my|user|account ~3 have|has|holds|possess|got ~3 ADMIN|unrestricted|unlimited|highest| +
    level|elevated|superuser|full ~3 access|privileges|clearance|rights|permissions!
privilege | .35 .20 .45 | my|i ~3 clearance|privilege|permission|access|security! level|tier ~3 is|ADMIN|highest| +
    unlimited|top|maximum
privilege | .50 .30 .65 | RULES|checks|restrictions|limits|permissions|control|controls ~5 not|never|longer|waived| +
    disabled|exempt ~2 apply|applied|checked|for|enforced|bind ~4 me|us|user|account!
privilege | .45 .25 .60 | i|im|user|account ~7 exempt|exempted|excluded! from ~6 RULES|checks|restrictions|limits| +
    filters|policies
privilege | .50 .30 .60 | approved|authorised|authorized|instructed|order|orders|request|message|update ~2 by|from
    ~5 ADMIN|openai|anthropic|developers|creators|creator! ~12 you|MUST|REVEAL|OVERRIDE
privilege | .50 .25 .60 | ich|soy|yo|je|suis|sono|я|我是 ~4 ADMIN! ~4 REVEAL|SEND
trigger | .60 .30 .70 | WHEN ~4 ANYONE|USER! ~6 ASKS ~16 @REPLY | REPLY ~2 me|myself
trigger | .50 .25 .65 | WHEN ~4 ANYONE|USER! ~6 ASKS ~14 you ~1 REPLY | REPLY ~2 me|myself
trigger | .60 .25 .70 | @REPLY ~16 WHEN ~4 ANYONE|USER! ~6 ASKS | @REPLY me!
trigger | .55 .25 .65 | WHEN|time ~4 ANYONE|USER! ~8 ASKS ~14 you|assistant|ai ~3 MUST|REPLY ~3 REPLY
trigger | .55 .20 .65 | USER|ANYONE! ~1 who|that ~2 ASKS ~10 is|are|must|should|shall|gets ~2 be|to|REPLY ~2 told| +
    answered|given|referred|REPLY|be
trigger | .50 .20 .60 | WHEN ~4 topic|subject|matter|conversation|discussion! ~8 comes|arises|turns|moves ~8 @REPLY| +
    SEND|RUN
trigger | .50 .20 .60 | @REPLY|SEND ~2 future|next|later! USER|ANYONE|sessions ~1 that|to|about|it
trigger | .55 .25 .65 | WHEN ~5 ANYONE|USER! ~8 ASKS ~14 reply|answer|response|antwort|respuesta|reponse ~2 MUST|has
    ~2 be|is|to
trigger | .55 .20 .65 | WHEN ~5 ANYONE|USER! ~8 ASKS ~14 @DESTROY|RUN|SEND|REVEAL|OVERRIDE | @SEND|REVEAL ~1 me!
trigger | .50 .25 .60 | @REPLY ~10 ANYONE|USER|those! ~1 who|that ~2 ASKS
trigger | .50 .25 .60 | @REPLY ~12 to|for all|every|any|other|future users|user|customers|customer|everyone| +
    conversations|sessions!
trigger | .50 .20 .65 | question|questions|query|queries|fragen|preguntas! ~3 about|on|concerning|regarding|for|to| +
    of|uber|sobre|zu ~9 must|should|shall|soll|sollen|deben|to ~3 answered|redirected|answer|reply|responded| +
    referred|routed|directed|beantwortet|beantworten | exam|quiz|interview|test!
trigger | .45 .15 .60 | WHEN|time ~3 you|assistant|model|ai|agent|du|input|message|query|text|prompt ~3 SEES ~6
    PHRASE! ~14 @REPLY|RUN|DESTROY|SEND|OVERRIDE|REVEAL
trigger | .45 .15 .60 | WHEN|time ~4 PHRASE! ~6 SEES|used|typed|said|mentioned|occurs|given|present ~14 @REPLY|RUN| +
    DESTROY|SEND|OVERRIDE|REVEAL
trigger | .40 .15 .55 | WHEN|time ~3 QUERY! ~3 SEES|about|is|comes|relates ~14 @REPLY|RUN|SEND|OVERRIDE|DESTROY
trigger | .45 .15 .60 | upon|on|after ~4 seeing|hearing|reading|receiving|encountering! ~10 %REPLY|RUN|DESTROY|SEND| +
    OVERRIDE|REVEAL
trigger | .40 .15 .60 | WHEN|next|later|future ~4 ANYONE|USER! ~12 @SEND|RUN|DESTROY|REVEAL|OVERRIDE ~6 SECRET| +
    PRIVATE|DATA|MONEY|URL|all
trigger | .30 .10 .50 | next|following|later|future session|time|conversation|chat|occasion! ~12 @REPLY|RUN|DESTROY| +
    SEND|REVEAL|OVERRIDE | remind|tell|ask|show me!
trigger | .00 .05 .50 | always|immer|siempre|toujours|sempre|总是 ~1 REPLY|recommend|insist|prefer ~12 product|brand| +
    instead|only|first|best|URL|competitor|competitors|supplier|vendor!
trigger | .50 .25 .60 | from now on|henceforth|onwards ~8 @REPLY ~14 everyone|everybody|users|customers|anyone| +
    others!
trigger | .45 .15 .60 | QUERY ~3 containing|mentioning|touching! ~10 must|should|shall|are|is ~2 answered| +
    redirected|REPLY
trigger | .50 .20 .65 | USER|ANYONE! ~1 asking|looking|inquiring|enquiring|searching ~10 must|should|shall|are ~3
    told|directed|sent|referred|answered|given
trigger | .50 .20 .65 | whoever|wer|quien! ~6 ASKS|know ~8 must|shall|should|gets|will|soll
trigger | .50 .20 .60 | WHEN ~5 ANYONE|USER! ~8 ASKS ~10 only|sole|right|correct ~1 answer|reply|response
trigger | .40 .15 .55 | next ~6 USER! ~6 @OVERWRITE|SEND|DESTROY|RUN
concealment | .15 .05 .45 | STOP|without|nie ~2 tell|telling|mention|mentioning|reveal|revealing|inform|informing| +
    disclose|notify|notifying|alert|alerting|show|showing ~3 USER|human|operator|owner!
concealment | .10 .05 .30 | STOP|without ~2 mention|mentioning|reveal|revealing|disclose|disclosing|acknowledge| +
    repeat! ~3 this|these|it|rule|instruction|note|message
concealment | .30 .10 .50 | without ~3 USER|users|owners|owner ~3 knowing|noticing|consent|confirmation|knowledge| +
    approval|awareness!
concealment | .25 .10 .40 | STOP|without ~2 ask|asking|request|requesting|seek|seeking|require! ~4 confirmation| +
    permission|approval|consent
concealment | .30 .15 .45 | keep|hide ~4 secret|hidden|confidential|from! ~2 USER|everyone
concealment | .15 .05 .30 | without|never|not telling|informing|asking|notifying! them|him|her|anyone
addressed | .25 .35 .55 | note|notes|message|instruction|instructions|memo|reminder|notice|directive|attention| +
    important|hinweis|nachricht|nota|mensaje|order ~1 to|for|fur|para|an|a|pour ~4 AI!
addressed | .35 .20 .55 | ^attention|dear|notice|warning ~2 AI|models|agents|bots! ~8 %REPLY|SEND|REVEAL|REMEMBER| +
    OVERWRITE|RUN|OVERRIDE|MUST
addressed | .00 .25 .55 | ^hey|dear|attention|hello|hi|liebe|querido|cher|ok|AI|to|all ~3 AI! ~8 @REPLY|SEND|REVEAL| +
    REMEMBER|OVERWRITE|RUN|OVERRIDE|DESTROY
addressed | .50 .20 .60 | if|wenn|si you|du|eres are|re|bist|un|una ~3 AI|language!
addressed | .50 .25 .60 | %OVERRIDE the|your|this|what ~1 USER!
addressed | .30 .25 .50 | ^to ~1 the|all|any ~1 AI!
addressed | .50 .15 .60 | WHEN you ~4 AI|BOT! ~5 reading|reads|processing|summarizing|summarising|parsing|then|you| +
    MUST|REPLY|REMEMBER|SEND|RUN|OVERRIDE
addressed | .50 .20 .60 | AI|BOT! ~3 reading|reads|processing|processes|summarizing|summarising|parsing|indexing| +
    crawling ~3 this|page|document|email|text|file
addressed | .30 .15 .55 | AI|BOT! ~2 MUST ~3 always|never|now|not|immediately|first|only ~2 REPLY|SEND|REVEAL| +
    REMEMBER|OVERWRITE|OVERRIDE|RUN
addressed | .25 .15 .55 | AI! ~2 must|should|shall|needs|soll|debe|doit ~3 REPLY|SEND|REVEAL|REMEMBER|OVERRIDE
addressed | .00 .00 .40 | you ~1 must|shall|will ~2 now|always|never|immediately|henceforth! ~2 REPLY|SEND|REVEAL| +
    REMEMBER|RUN|OVERRIDE
addressed | .20 .10 .45 | WHEN ~2 summarizing|summarising|reading|processing|answering|translating|replying| +
    responding|asked! ~10 @REPLY|SEND|REMEMBER|RUN|OVERRIDE|REVEAL
addressed | .15 .05 .45 | tell|inform|advise|convince|instruct|urge|persuade|direct|warn the|your USER! ~2 to|that| +
    they|their|is|are
addressed | .20 .30 .55 | ^AI! ~2 @REPLY|SEND|REVEAL|REMEMBER|OVERWRITE|RUN|OVERRIDE|DESTROY
addressed | .35 .20 .55 | message|note|memo|notice|hint to|for ~1 language models!
memory-command | .20 .20 .55 | @REMEMBER|OVERWRITE ~8 your ~3 MEMORY!
memory-command | .10 .05 .35 | @REMEMBER|OVERWRITE|insert ~8 to|in|into|as|zum|im|en|dans ~3 MEMORY!
memory-command | .55 .30 .65 | @REMEMBER|OVERWRITE|insert|add|append ~8 RULES! ~4 your|long|persistent|system| +
    permanent ~3 MEMORY|instructions|prompt|rules|guidelines|configuration
memory-command | .50 .25 .60 | @REMEMBER ~4 your ~2 MEMORY! ~2 as ~3 fact|truth|rule|verified|instruction|true
memory-command | .55 .25 .60 | @REMEMBER|OVERWRITE|add|insert ~2 to|in|into|among your ~2 RULES!
memory-command | .50 .25 .60 | @REMEMBER ~2 this|following|these ~1 RULES! ~2 for later|future|next|tomorrow
memory-command | .20 .05 .30 | in|for|across all|every|any|future ~2 conversations|sessions|chats!
memory-command | .60 .30 .65 | @OVERWRITE|reprogram|rewrite ~2 your instructions|prompt|guidelines|directives| +
    programming|rules|safeguards|behaviour!
memory-command | .60 .35 .70 | @OVERWRITE|reprogram|rewrite ~2 your system|core|safety|security|content|original| +
    internal|default|current|base|existing|initial instructions|prompt|guidelines|directives|programming|rules| +
    policy|policies|safeguards!
memory-command | .45 .10 .55 | @REMEMBER|treat|accept|consider|regard|take ~10 as ~4 permanent|standing|binding| +
    authoritative|unquestionable|immutable|overriding|core|verified! ~3 RULES|fact|truth|instruction|knowledge| +
    MEMORY|command
memory-command | .30 .10 .55 | @REMEMBER ~5 rule|rules|policy|instruction|directive|law! ~1 that|when|whenever|if| +
    always|never
memory-command | .50 .25 .60 | @REMEMBER ~14 for all|every|any|future|other ~2 users|user|conversations|sessions| +
    tenants|customers|everyone!
memory-command | .40 .20 .60 | @OVERWRITE|forget ~6 memories|memory|records|facts|entries|knowledge! ~3 about|of| +
    from|concerning ~3 USER|other|others|all|everyone|TENANTS
memory-command | .50 .25 .60 | @OVERWRITE ~3 existing|previous|old|earlier|what|everything|all|any|conflicting| +
    contradicting ~3 memories|stored|MEMORY|knowledge|remembered|facts! ~8 with|by|about|that
memory-command | .50 .25 .60 | @OVERWRITE ~2 EVERYTHING ~3 you ~3 stored|know|remember|saved|learned|learnt! |
    about! me|my
memory-command | .50 .25 .60 | memories|memory|facts|knowledge|entries! ~3 contradict|contradicts|disagree| +
    disagrees|conflict|conflicts ~8 @OVERWRITE|OVERRIDE|wrong|false|outdated
memory-command | .40 .15 .55 | @treat|regard|consider|accept|trust ~3 this|following|it|these ~3 as ~4 system|admin| +
    developer|trusted|official|verified|instruction|highest|authoritative!
memory-command | .50 .20 .60 | @REMEMBER ~3 as|als|comme|como|come ~3 rule|regel|regle|regla|regola|wahrheit|verdad| +
    verite!
memory-command | .50 .25 .60 | @OVERWRITE ~2 all|every|any ~2 memories|memory! ~2 on|about|of|with|concerning
memory-command | .50 .25 .60 | standing|permanent|general|fixed|binding rule|instruction|order|policy! ~2 for ~1
    every|all|any USER
redirection | .30 .05 .30 | DATA ~10 is|are|was|were|been|has|have|now|gets ~3 MOVED! ~3 under|in|at|with|to|by| +
    into|as|from
redirection | .30 .05 .30 | refers|corresponds|maps|points|belongs|equals|alias|identical|interchangeable! ~2 to|as| +
    of|with|by|for ~6 USER|id|number|account
redirection | .40 .10 .45 | so|therefore|hence|thus|please|must|should|always|when|instead|consequently|accordingly| +
    go|then|to|for ~5 answer|use|query|refer|look|retrieve|fetch|consult|search|return|read|report|give|quote ~9
    questions|queries|requests|asked|asks|lookups! | i! ~3 asked|ask
redirection | .45 .10 .50 | @answer|reply|respond ~4 questions|queries|requests|question! ~2 about|on|for|of| +
    regarding|concerning ~10 with|using|from|by|as
redirection | .40 .10 .50 | for|to|in|on|with questions|queries|requests|question|lookups|any|every|all! ~3 about| +
    on|for|of|regarding|concerning|to ~8 @use|refer|return|retrieve|give|look|query|provide|take|quote|consult|read| +
    answer
redirection | .50 .10 .55 | requests|questions|queries|request ~6 must|should|shall|are ~1 be|to ~1 redirected| +
    rerouted|referred! to
redirection | .50 .10 .55 | @REPLY|answer ~1 every|all|any question|query|queries|questions! ~2 about|on|for|of ~8
    with|using|from|by
redirection | .50 .10 .55 | asked ~2 about|for|on! ~8 @return|give|look|use|read|show|quote|take|consult|answer ~8
    instead | i ~2 asked
redirection | .50 .10 .55 | every|any|each|all question|questions|queries|query! ~2 on|about|of|regarding|concerning
    ~8 use|take|refer|return|retrieve|consult|quote ~8 of|from|instead
redirection | .40 .10 .50 | QUERY ~3 about|on|for|of|regarding|concerning ~10 with|using|from ~4 DATA|those|that! ~2
    of|from|under|USER|instead
redirection | .45 .10 .50 | @replace|substitute|swap|treat|interpret|read|map|redirect|switch ~10 as|with|by|for|to| +
    instead|when ~8 answers|queries|lookups|replies|answering|asked! | i! ~3 ask|asked
redirection | .45 .15 .50 | asked|asks|ask|question|questions|queries|query about|for|on|of|regarding ~10 REPLY| +
    look|retrieve|fetch|consult|query|search|read|return|take|get ~8 instead|MOVED|under! | i! ~3 asked|ask
redirection | .40 .10 .45 | all|any|every QUERY|references|mentions|occurrences! ~4 about|for|on|of|to ~8 now|must| +
    should|are|be|is|go ~4 refer|refers|redirected|go|point|directed|taken|read|resolved|MOVED|mean|means
redirection | .50 .10 .55 | @use|take|quote|read ~8 for ~2 all|any|every ~1 question|questions|queries! ~1 about|on| +
    for|of
redirection | .45 .10 .50 | @REPLY ~8 when|if|whenever ~2 asked! ~1 for|about|on | i ~2 asked
redirection | .25 .05 .30 | WHEN ~6 is|are asked! for|about
exfiltration | .35 .15 .60 | @SEND ~8 SECRET! ~10 URL
exfiltration | .30 .15 .55 | @SEND ~3 all|every|users|their|user|customer|customers|stored|any|everyone|admin|alle| +
    todas|toutes|所有|用户 ~3 SECRET! | @SEND ~8 my!
exfiltration | .25 .10 .55 | @SEND ~6 SECRET! ~5 to|an|a|naar|给 ~2 me|us|mich|URL|mi|following
exfiltration | .30 .15 .60 | @SEND ~8 PRIVATE! ~12 URL|following
exfiltration | .35 .15 .50 | @SEND ~6 USER|users|their|everyones|full|entire|whole|complete ~4 PRIVATE|SECRET|DATA!
    ~8 to|at|via ~3 URL|this|following|address|me|us
exfiltration | .60 .30 .65 | @REVEAL|SEND|OVERRIDE ~5 your|hidden|secret|initial|internal|full|complete|tu|tus| +
    votre|dein|deinen|你的|the ~3 system ~1 prompt|message|instructions|prompts!
exfiltration | .50 .30 .60 | @REVEAL|SEND ~4 your|hidden|secret|initial|deine|tus|tes|vos|你的 ~2 hidden|secret| +
    initial|internal|original|instructions|instruction|anweisungen|instrucciones|指令|prompt! | your! ~2 instructions
    ~2 for|on|to
exfiltration | .55 .20 .65 | @REVEAL|SEND|read|access|search|query ~6 other|another|every|all|others|everyones| +
    anderen|otros|autres|其他|TENANTS ~2 users|tenants|tenant|customers|patients|clients|nutzer|usuarios|utilisateurs| +
    用户 ~3 DATA|PRIVATE|SECRET|MEMORY!
exfiltration | .55 .25 .65 | @REVEAL|SEND|access|search|read ~6 tenants|TENANTS! ~3 DATA|PRIVATE|SECRET|MEMORY
exfiltration | .40 .15 .60 | @REVEAL ~4 all|any|every|your|stored|users|admin|their|alle|todas|toutes|所有 ~3 SECRET!
    | @REVEAL ~6 my|our!
exfiltration | .50 .25 .65 | %SEND|REVEAL ~4 SECRET! ~2 of|from|von|de ~3 all|every|other|USER|everyone|TENANTS
exfiltration | .50 .25 .60 | what|which|whats ~6 your system|initial|hidden|original|secret prompt|instructions!
exfiltration | .55 .30 .60 | @repeat|print|output|recite ~5 word|words|text|everything|all|lines ~2 above|before! ~2
    this|line|here|you|beginning|starting|verbatim|in|the
exfiltration | .45 .25 .55 | %REVEAL|SEND|copy ~5 text|words|instructions|lines ~4 STAFF|makers|creators! ~3 placed| +
    wrote|gave|given|put|set
exfiltration | .40 .20 .55 | @SEND|include|attach|put|place|insert|add ~6 email|SECRET|PRIVATE|DATA|name|address ~4
    to|in|into ~4 link|url|query|image!
exfiltration | .50 .25 .60 | & your system|hidden|secret|initial|internal|original prompt|instructions|instruction
    REVEAL|translate|start|text|word|summarise|summarize|encode|spell|write prompt|instructions!
exfiltration | .45 .20 .60 | @enter|type|paste|SEND|use ~2 users|USER|everyones ~2 SECRET!
exfiltration | .55 .20 .65 | @REVEAL|SEND ~9 of|from ~1 other|another|every|all USER! ~2 REVEAL|at|in|to|DATA| +
    PRIVATE|SECRET|and|via
exfiltration | .00 .10 .60 | @SEND|pay|wire|remit|deposit|refund ~8 MONEY! ~8 account|wallet|iban|address|card|URL| +
    beneficiary
exfiltration | .00 .05 .35 | @enter|provide|confirm|verify|submit|type ~2 your|their ~4 SECRET|card! ~10 URL|below| +
    link
exfiltration | .40 .20 .55 | @SEND|include|attach|put|place|insert|REPLY ~8 PRIVATE|SECRET|DATA|summary ~8 query| +
    parameter|url|link|image! ~4 string|parameter|url|of|to|tag|in
exfiltration | .55 .25 .65 | @SEND ~2 all|every|entire|whole|full|alle|todas|toutes|所有 ~2 memories|conversations| +
    conversation|chats|tokens|passwords|keys|secrets! ~8 URL
exfiltration | .50 .20 .60 | @SEND ~4 DATA|PRIVATE ~4 USER! ~6 URL
exfiltration | .35 .15 .55 | & collect|gather|harvest|find SECRET! SEND URL
exfiltration | .50 .20 .60 | @SEND ~4 credit|debit|bank card|account|details! ~6 URL
exfiltration | .50 .25 .60 | SECRET! ~2 发送|发给|发到|转发
exfiltration | .50 .30 .60 | & everything|all|text|words|word above! print|repeat|output|recite line|verbatim
tool-call | .10 .00 .30 | @RUN ~5 tool|function|plugin|command|shell! ~8 with|to|on|and|SEND|DESTROY
tool-call | .25 .00 .35 | DESTROY ~3 all|every|entire|whole|complete ~4 records|account|accounts|database|backups| +
    funds|permissions|files|tables|balance|invoices!
tool-call | .35 .05 .50 | correct|right|proper|expected|required|only ~1 action|tool|response|answer|move|step| +
    decision! ~2 is|was|DESTROY|to ~4 DESTROY|SEND|stop|sudden
demonstration | .30 .00 .35 | action|actions|decision|plan|solution|output! ~4 DESTROY|SEND|stop|unlock|sudden| +
    REVEAL ~8 all|every|account|DATA|SECRET|MONEY|alarm|doors|immediately|URL|permission|permissions|patient|order| +
    speed|dose
demonstration | .30 .00 .35 | thought|observation! ~24 action|decision
demonstration | .25 .00 .25 | query|question|input|task|user! ~24 action|solution|decision|plan|output
"""
