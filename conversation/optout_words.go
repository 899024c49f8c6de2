package conversation

// The phrases by which people ask for silence, in the form of [plainWords], a
// line or more to each language: en, fr, es, pt, it, de, nl, sv; then da, nb, fi, pl, cs,
// ro, hu, tr, el, ru, uk, ar, he, hi, id, vi, zh, ja, ko, th. A single word must be a whole
// sentence ("stop by our booth" is none); several may open one.
var (
	// optOutAlways have no other meaning, and count beside an address too.
	optOutAlways = []string{
		"unsubscribe", "unsubscribe me", "unsubscribe from", "optout", "opt out", "opt out of", "opt out from", "opt me out", "remove me", "take me off",
		"how do i unsubscribe", "how can i unsubscribe", "how do i opt out", "how can i opt out",
		"desabonner", "desabonnement", "desabonnez moi", "me desabonner", "desinscrire", "desinscription", "desinscrivez moi",
		"darme de baja", "dame de baja", "deme de baja", "cancelar suscripcion",
		"descadastrar", "me descadastre", "cancelar inscricao",
		"disiscrivimi", "disiscrizione", "cancellami",
		"abmelden", "abbestellen", "austragen", "melden sie mich ab",
		"afmelden", "uitschrijven", "meld mij af", "schrijf mij uit",
		"avregistrera", "avregistrera mig", "avprenumerera",
		"afmeld", "afmeld mig", "avmeld", "avmeld meg", "meld meg av", "poista minut listalta", "peru tilaus",
		"wypisz mnie", "rezygnuje z subskrypcji", "odhlasit", "odhlaste me", "dezabonare", "ma dezabonez", "leiratkozas", "leiratkozom",
		"abonelikten cik", "abonelikten cikar", "listeden cikar", "beni listeden cikar",
		"διαγραφη", "отписаться", "отпишите меня", "отпиши меня", "відписатися", "відпишіть мене",
		"الغاء الاشتراك", "הסר", "הסירו אותי", "berhenti berlangganan",
		"huy dang ky",
		"退订", "退訂", "取消订阅", "取消訂閱", "配信停止", "配信停止希望", "수신거부", "수신 거부", "ยกเลิกการรับข่าวสาร",
	}
	// optOutDemands count where there is no address.
	optOutDemands = []string{
		"stop", "cancel", "quit", "remove", "delete", "enough", "enough already", "leave me alone", "no more", "no more messages", "no more dms", "no more emails",
		"stop all", "stop all messages", "stop spam", "stop messages", "stop the messages", "stop it with", "cancel my subscription", "cancel subscription", "go away", "fuck off", "piss off",
		"stop messaging", "stop sending", "stop writing", "stop contacting", "stop emailing", "stop texting", "stop spamming", "stop bothering",
		"dont message me", "dont contact me", "dont write me", "dont write to me", "dont text me", "dont email me", "dont send me any", "dont send me more",
		"dont send me anything", "dont send me messages", "do not send me anything", "do not send me messages", "do not send me more",
		"do not message me", "do not contact me", "do not write me", "do not write to me", "do not email me", "do not send me any",
		"never message me", "never contact me",
		"arrete", "arretez", "stoppez", "arrete de mecrire", "arretez de mecrire", "arretez de menvoyer", "ne mecris plus", "ne mecrivez plus",
		"ne me contactez plus", "ne menvoyez plus", "plus de messages", "laissez moi tranquille", "retirez moi",
		"je ne veux plus recevoir", "je ne souhaite plus recevoir", "je ne veux plus de messages",
		"basta", "alto", "baja", "no me escribas", "no me escriba", "no me contactes", "no me contacten", "no me envies mas", "no mas mensajes",
		"no quiero mas mensajes", "no quiero mensajes", "no quiero recibir",
		"deja de escribirme", "deje de escribirme", "deja de enviarme", "deje de enviarme",
		"pare", "parem", "parar", "pare de me", "para de me", "parem de me", "nao me escreva", "nao me mande", "nao me envie", "nao quero mais",
		"smettila", "smettila di scrivermi", "non scrivermi", "non mi scrivere", "non contattarmi",
		"basta messaggi", "basta con questi", "basta con i messaggi", "non voglio piu messaggi", "toglimi dalla lista",
		"stopp", "aufhoren", "hor auf", "horen sie auf", "lass mich in ruhe", "keine nachrichten", "keine nachrichten mehr", "keine weiteren nachrichten", "nicht mehr schreiben", "nicht mehr anschreiben",
		"schreib mir nicht", "schreiben sie mir nicht", "kontaktieren sie mich nicht", "lassen sie mich in ruhe",
		"hou op", "stop met berichten", "stop met sturen", "stuur me geen", "stuur mij geen", "geen berichten meer",
		"sluta", "sluta skicka", "sluta skriva", "skriv inte till mig", "kontakta mig inte", "inga fler meddelanden",
		"hold op", "skriv ikke til mig", "kontakt mig ikke", "ikke flere beskeder", "ikke skriv til meg", "ikke kontakt meg", "slutt", "slutt a skrive",
		"lopeta", "ala kirjoita minulle", "ala laheta minulle", "ei enaa viesteja",
		"prosze nie pisac", "nie pisz do mnie", "prosze przestac", "przestan", "przestancie", "przestan do mnie", "przestancie do mnie", "nie kontaktuj sie ze mna", "nie wysylaj mi",
		"nepiste mi", "nepis mi", "prestante", "nekontaktujte me", "nu mi mai scrie", "nu mi mai scrieti", "nu ma mai contacta", "opreste te",
		"ne irj nekem", "ne irjon nekem", "hagyj beken", "mesaj atma", "bana yazma", "bana mesaj atma", "yazma artik", "rahatsiz etmeyin", "durdur", "dur",
		"σταματα", "σταματηστε", "μη μου στελνεισ", "μη μου γραφεισ",
		"стоп", "хватит", "отстаньте", "отстань", "не пишите", "отпишите", "прекратите", "не пишите мне", "не пиши мне", "не пишите больше", "больше не пишите", "зупиніться", "не пишіть мені", "не пиши мені",
		"توقف", "لا ترسل لي", "לא לשלוח לי", "תפסיק", "תפסיקו", "बंद करो", "मुझे मैसेज मत करो", "jangan kirim pesan", "jangan hubungi saya", "berhenti",
		"停止", "停", "别再发了", "別再發了", "不要再发了", "不要再发消息", "不要再發訊息", "不要再给我发消息", "不要再給我發訊息", "别再给我发消息",
		"やめて", "停止して", "送らないで", "もう送らないで", "メッセージを送らないで", "連絡しないで",
		"그만", "그만해주세요", "그만 보내세요", "보내지 마세요", "더 이상 보내지 마세요", "연락하지 마세요", "ยกเลิก", "หยุด", "หยุดส่ง", "ngung nhan tin", "dung nhan tin",
	}
	// optOutRefusals count where, besides, no question or "but" keeps talking.
	optOutRefusals = []string{
		"no thanks", "no thank you", "no thx", "not interested", "im not interested", "i am not interested",
		"nope not interested", "no longer interested", "im no longer interested", "i am no longer interested",
		"non merci", "pas interesse", "pas interessee", "je ne suis pas interesse", "je ne suis pas interessee",
		"no gracias", "no me interesa", "no estoy interesado", "no estoy interesada",
		"nao obrigado", "nao obrigada", "nao tenho interesse",
		"no grazie", "non mi interessa", "non sono interessato", "non sono interessata",
		"nein danke", "kein interesse", "kein bedarf", "nicht interessiert", "ich bin nicht interessiert",
		"nee bedankt", "nee dank je", "geen interesse", "niet geinteresseerd",
		"nej tack", "inte intresserad", "jag ar inte intresserad", "inget intresse",
		"nej tak", "ikke interesseret", "jeg er ikke interesseret", "nei takk", "ikke interessert", "jeg er ikke interessert",
		"ei kiitos", "en ole kiinnostunut", "nie dziekuje", "nie dzieki", "nie jestem zainteresowany", "nie jestem zainteresowana",
		"ne dekuji", "ne diky", "nemam zajem", "nu multumesc", "nu sunt interesat", "nu sunt interesata", "nem koszonom", "nem erdekel",
		"hayir tesekkurler", "istemiyorum", "ilgilenmiyorum", "οχι ευχαριστω", "δεν ενδιαφερομαι",
		"нет спасибо", "не надо", "не интересно", "не интересует", "мне не интересно", "ні дякую", "не цікаво", "мені не цікаво",
		"لا شكرا", "غير مهتم", "לא תודה", "לא מעוניין", "לא מעוניינת", "नहीं धन्यवाद", "tidak terima kasih", "tidak tertarik",
		"khong cam on", "khong quan tam", "ไม่สนใจ",
		"不用了", "不需要", "不感兴趣", "不感興趣", "没兴趣", "沒興趣", "興味ありません", "関心ありません", "いいえ 結構です", "관심 없습니다", "관심 없어요",
	}
)

// optOutAlone are the phrases of several words that begin other sentences, too: "hold op
// hvor flot", "keine Nachrichten erhalten", "opt out rates".
var optOutAlone = []string{
	"opt out", "no more", "stop all", "go away", "hold op", "hou op", "hor auf", "keine nachrichten", "keine nachrichten mehr", "geen berichten meer",
	"inga fler meddelanden", "ikke flere beskeder", "no thank you", "не надо",
}

// buts turn a refusal into the start of a conversation: in every language, or, where the
// word means something else in another ("ma boîte"), behind refusals that begin so.
var buts = map[string][]string{
	"but": nil, "mais": {"non merci", "pas ", "je ne"}, "pero": nil, "aber": nil, "maar": {"nee", "geen", "niet"}, "ma": {"no grazie", "non mi", "non sono"},
	"mas": {"nao"}, "men": {"nej", "nei", "inte", "inget", "ikke", "jag", "jeg"}, "mutta": nil, "ale": nil, "dar": {"nu "}, "de": {"nem "},
	"ama": {"hayir", "istemiyorum", "ilgilenmiyorum"}, "fakat": nil, "αλλα": nil, "но": nil, "але": nil,
	"لكن": nil, "ولكن": nil, "אבל": nil, "लेकिन": nil, "tapi": nil, "nhung": nil, "但": nil, "但是": nil, "でも": nil, "하지만": nil, "แต่": nil,
}

// leadToAddress are the words that may stand between a demand and the address that it
// is about.
var leadToAddress = []string{
	"me", "us", "to", "at", "on", "from", "via", "my", "the", "this", "that", "address", "email", "emails", "mail", "mails", "messages", "message",
	"stuff", "anything", "things", "more", "any", "a", "auf", "unter", "an", "mir", "mich", "adresse", "sur", "en", "al", "su", "till", "til", "pa", "naar", "op", "na",
}

// courtesies are the words people put around such a phrase.
var courtesies = []string{
	"please", "pls", "plz", "kindly", "just", "hi", "hello", "hey", "sorry", "ok", "okay", "no", "thanks", "thank", "you",
	"i", "id", "want", "would", "like", "to", "can", "could", "now", "again", "anymore", "it", "this",
	"bonjour", "merci", "svp", "stp", "sil", "vous", "plait", "te", "je", "veux", "veuillez",
	"hola", "gracias", "por", "favor", "quiero", "ola", "obrigado", "obrigada", "quero", "ciao", "grazie", "per", "favore", "voglio",
	"prosze", "dziekuje", "dzieki", "dekuji", "prosim", "multumesc", "koszonom", "kerem", "tesekkurler", "lutfen", "kiitos", "tak", "takk",
	"спасибо", "пожалуиста", "дякую", "شكرا", "תודה", "बस", "धन्यवाद", "terima", "kasih", "tolong",
	"谢谢", "謝謝", "请", "請", "你好", "您好", "了", "吧", "ありがとうございます", "すみません", "ください", "下さい", "して", "お願いします", "お願いいたします", "希望",
	"감사합니다", "ขอบคุณ", "ครับ", "ค่ะ",
	"hallo", "bitte", "danke", "ich", "mochte", "mich", "alsjeblieft", "graag", "ik", "wil", "hej", "tack", "snalla",
}
