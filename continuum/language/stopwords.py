"""Function words by language: what the index leaves out, and by which a text's language is told.

English leaves out words that are also nouns people ask about (``will``, ``may``): the weight of a frequent word is
small anyway, and a question about somebody's will must find it.
"""

from __future__ import annotations

_WORDS = {
    "english": """a about above after again against all also am an and any are aren as at be because been before being
        below between both but by can cannot could couldn did didn do does doesn doing don down during each either else
        ever few for from further had hadn has hasn have haven having he her here hers herself him himself his how i if
        in into is isn it its itself just let me might more most much must my myself neither no nor not now of off on
        once only onto or other our ours ourselves out over own per same shall she should shouldn so some such than
        that the their theirs them themselves then there these they this those through to too under until up upon us
        very was wasn we were weren what whatever when whenever where wherever whether which while who whom whose why
        with within without won would wouldn yes yet you your yours yourself yourselves""",
    "german": """aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein deine dem den denn
        der des dich die dies diese dieser dir doch du durch ein eine einem einen einer eines er es euch euer für gegen
        habe haben hat hatte hatten ich ihm ihn ihr ihre im in ist ja jede jeder kann kein keine können mein meine mich
        mir mit nach nicht noch nur ob oder ohne sein seine sich sie sind so über um und uns unser unter vom von vor
        wann war waren warum was weil welche wenn wer werden wie wir wird wo wurde zu zum zur""",
    "french": """à ai au aux avec avoir ce ces cet cette comme dans de des du elle elles en est et était être eu il ils
        je la le les leur leurs lui ma mais me mes mon ne nos notre nous on ont ou où par pas plus pour pourquoi qu
        quand que quel quelle qui sa sans se ses si son sont sur ta te tes toi ton tu un une vos votre vous""",
    "spanish": """al algo ante antes como con cuál cuando cuándo de del desde donde dónde durante el él ella ellas
        ellos en entre era es esa ese eso esta está están estaba este esto estos fue ha han hasta hay la las le les lo
        los más me mi mis muy nada ni no nos nosotros nuestro o para pero por porque qué que quien quién se ser si sí
        sin sobre son su sus también te tiene tu tus un una uno unos y ya yo""",
    "italian": """ad ai al alla alle anche che chi ci come con cosa cui da dai dal dalla dei del della delle di dove e è
        ed era gli ha hai hanno ho i il in io la le lei lo loro lui ma mi mia mio nel nella noi non o per perché più
        quale quando quanto quella quello questa questo sei si sia sono su sua sul suo te ti tra tu un una uno voi""",
    "portuguese": """à ao aos as até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse
        esta está este eu foi for há isso isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós o os
        ou para pela pelo por qual quando que quem se sem ser seu sua são também te tem um uma você vocês""",
    "dutch": """aan al alles als bij daar dan dat de der deze die dit doch door dus een en er ge geen geweest haar had
        heb hebben heeft hem het hier hij hoe hun iets ik in is ja je kan maar me meer men met mij mijn moet na naar
        niet nog nu of om omdat onder ons ook op over te tegen toen tot u uit uw van veel voor waar wanneer waren was
        wat we welke werd wie wij wordt ze zich zij zijn zo zonder zou""",
    "swedish": """alla att av bara blev bli de dem den denna det detta dig din du där då efter ej eller en er ett från
        för ha hade han hans har hon honom hur här i icke inte jag ju kan man med mig min mitt mot mycket ni nu när
        någon något och om oss på samma sedan sig sin som så till under upp ut vad var varför vara vi vid vilka är
        över""",
    "norwegian": """at av bare ble bli da de deg dem den denne der det dette din du eller en er et etter fikk for fra
        før ha hadde han hans har hun hva hvem hver hvilken hvis hvor hvordan hvorfor i ikke jeg kan man med meg men
        min mitt mot når noe noen nå og også om opp oss over på seg selv sin som så til um under ut var vi vil være
        å""",
    "danish": """af alle at blev da de dem den denne der deres det dette dig din dog du efter eller en end er et for
        fra ham han hans har havde hun hvad hvem hvor hvordan hvornår i ikke ind jeg jer kan man med meget men mig min
        mine mod ned noget nogle nu når og også om op os over på selv sig sin skal som så til ud under var vi være
        været""",
    "finnish": """ei en että ette hän he ja jo joka jos kanssa koska kuin kuka kun me mikä milloin minä missä mitä
        mukaan mutta myös ne niin nyt ole olen oli olla on ovat se sekä sen sinä sitä tai te tämä vain voi""",
    "turkish": """ama ben bir bu çok da daha de değil diye en gibi hangi hem hep için ile ise kadar ki kim mi mu ne
        neden nerede nasıl o ol olan olarak onu onun sen şey siz şu ve veya ya zaman""",
    "hungarian": """a az azt és egy ez ezt hogy ha hol ki kell meg mert mi mikor mint most nem nincs ő is itt volt
        vagy van vannak csak de el én fel már még""",
    "romanian": """a ai al ale am ar are au ca că ce cel cine care când cu cum de din după ea ei el este eu în la mai
        nu o pe pentru sau se sunt și tu un una unde va voi""",
    "catalan": """amb al als això com de del dels el els en és eren ha han hi i la les li més meu mi no o on per però
        què quan qui se sense són també té tu un una va vaig""",
    "indonesian": """ada adalah aku anda apa bagaimana bahwa dalam dan dari dengan di dia ini itu juga kapan karena
        kami ke kita mana mereka pada saya siapa sudah telah tidak untuk yang""",
    "russian": """а без бы был была были было быть в вам вас весь во вот все всё вы где да для до его ее её если есть
        еще ещё же за здесь и из или им их к как какой когда кто ли мне мной мой моя мы на над нам нас не него нет ни
        но о об он она они оно от по под после почему при с сам свой себя со так также там тебя то того тоже только ты
        у уже что чтобы эта это этот я""",
    "greek": """αλλα αν απο αυτη αυτο αυτος για δεν ειναι εγω εδω εκει εσυ εχει εχω η ηταν θα και κατα με μετα μη μου
        να ο οι οπου οταν οτι που πως σε σου στη στην στο στον τα την της τι τις το τον του τους των ως""",
    "arabic": """إلى أن أنا أنت أو أي أين إن الذي التي على عن عند غير في قد كان كانت كل كما كيف لا لم لن ليس ما متى
        مع من منذ نحن هذا هذه هل هم هو هي و يا""",
    "hebrew": """אבל או אותו אותי אחרי אל אם אני אנחנו את אתה גם הוא היא הם היה היו זה זאת יש כי כל כמו לא לי לך לו
        לה מה מי מתי על עם של שלי שלך איפה איך למה""",
    "hindi": """और का की के को में से है हैं था थी थे यह वह मैं हम तुम आप क्या कब कहाँ कौन क्यों कैसे पर ने नहीं भी तो ही
        एक इस उस जो""",
}

STOP_WORDS: dict[str, frozenset[str]] = {name: frozenset(words.split()) for name, words in _WORDS.items()}
"""Lower-case function words of each language that has some."""
