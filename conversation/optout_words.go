package conversation

// The phrases by which people ask for silence, in the form of [plainWords], a
// line or more to each language: en, fr, es, pt, it, de, nl, sv; then da, nb, fi, pl, cs,
// ro, hu, tr, el, ru, uk, ar, he, hi, id, zh, ja, ko. A single word
// must be the whole message ("stop by our booth" is none); several may open one.
var (
	// optOutAlways have no other meaning, and count beside an address too.
	optOutAlways = []string{
		"unsubscribe", "unsubscribe me", "unsubscribe from", "optout", "opt out", "opt me out", "remove me", "take me off",
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
		"退订", "退訂", "取消订阅", "取消訂閱", "配信停止", "配信停止希望", "수신거부", "수신 거부",
	}
	// optOutDemands count where there is no address.
	optOutDemands = []string{
		"stop", "cancel", "quit", "remove", "enough", "leave me alone", "no more messages",
		"stop messaging", "stop sending", "stop writing", "stop contacting", "stop emailing", "stop texting", "stop spamming", "stop bothering",
		"dont message me", "dont contact me", "dont write me", "dont write to me", "dont text me", "dont email me", "dont send me any", "dont send me more",
		"do not message me", "do not contact me", "do not write me", "do not write to me", "do not email me", "do not send me any",
		"never message me", "never contact me",
		"arrete", "arretez", "stoppez", "arrete de mecrire", "arretez de mecrire", "arretez de menvoyer", "ne mecris plus", "ne mecrivez plus",
		"ne me contactez plus", "ne menvoyez plus", "plus de messages", "laissez moi tranquille", "retirez moi",
		"basta", "alto", "baja", "no me escribas", "no me escriba", "no me contactes", "no me contacten", "no me envies mas", "no mas mensajes",
		"deja de escribirme", "deje de escribirme", "deja de enviarme", "deje de enviarme",
		"pare", "parar", "pare de me", "nao me escreva", "nao me mande", "nao me envie", "nao quero mais",
		"smettila", "smettila di scrivermi", "non scrivermi", "non mi scrivere", "non contattarmi",
		"stopp", "aufhoren", "keine nachrichten", "keine weiteren nachrichten", "nicht mehr schreiben", "nicht mehr anschreiben",
		"schreib mir nicht", "schreiben sie mir nicht", "kontaktieren sie mich nicht", "lassen sie mich in ruhe",
		"hou op", "stop met berichten", "stop met sturen", "stuur me geen", "stuur mij geen", "geen berichten meer",
		"sluta", "sluta skicka", "sluta skriva", "skriv inte till mig", "kontakta mig inte", "inga fler meddelanden",
		"hold op", "skriv ikke til mig", "kontakt mig ikke", "ikke flere beskeder", "ikke skriv til meg", "ikke kontakt meg", "slutt", "slutt a skrive",
		"lopeta", "ala kirjoita minulle", "ala laheta minulle", "ei enaa viesteja",
		"prosze nie pisac", "nie pisz do mnie", "prosze przestac", "przestan", "przestancie", "nie kontaktuj sie ze mna", "nie wysylaj mi",
		"nepiste mi", "nepis mi", "prestante", "nekontaktujte me", "nu mi mai scrie", "nu mi mai scrieti", "nu ma mai contacta", "opreste te",
		"ne irj nekem", "ne irjon nekem", "hagyj beken", "mesaj atma", "bana yazma", "bana mesaj atma", "yazma artik", "rahatsiz etmeyin", "durdur",
		"σταματα", "σταματηστε", "μη μου στελνεισ", "μη μου γραφεισ",
		"стоп", "хватит", "прекратите", "не пишите мне", "не пиши мне", "не пишите больше", "больше не пишите", "зупиніться", "не пишіть мені", "не пиши мені",
		"توقف", "لا ترسل لي", "לא לשלוח לי", "תפסיק", "תפסיקו", "बंद करो", "मुझे मैसेज मत करो", "jangan kirim pesan", "jangan hubungi saya", "berhenti",
		"停止", "停", "别再发了", "別再發了", "不要再发了", "请不要再发消息", "請不要再發訊息", "やめてください", "送らないでください", "もう送らないでください", "그만", "그만 보내세요", "연락하지 마세요",
	}
	// optOutRefusals count where, besides, no question or "but" keeps talking.
	optOutRefusals = []string{
		"no thanks", "no thank you", "no thx", "not interested", "im not interested", "i am not interested",
		"non merci", "pas interesse", "pas interessee", "je ne suis pas interesse", "je ne suis pas interessee",
		"no gracias", "no me interesa", "no estoy interesado", "no estoy interesada",
		"nao obrigado", "nao obrigada", "nao tenho interesse",
		"no grazie", "non mi interessa", "non sono interessato", "non sono interessata",
		"nein danke", "kein interesse", "nicht interessiert", "ich bin nicht interessiert",
		"nee bedankt", "nee dank je", "geen interesse", "niet geinteresseerd",
		"nej tack", "inte intresserad", "jag ar inte intresserad", "inget intresse",
		"nej tak", "ikke interesseret", "jeg er ikke interesseret", "nei takk", "ikke interessert", "jeg er ikke interessert",
		"ei kiitos", "en ole kiinnostunut", "nie dziekuje", "nie dzieki", "nie jestem zainteresowany", "nie jestem zainteresowana",
		"ne dekuji", "ne diky", "nemam zajem", "nu multumesc", "nu sunt interesat", "nu sunt interesata", "nem koszonom", "nem erdekel",
		"hayir tesekkurler", "istemiyorum", "ilgilenmiyorum", "οχι ευχαριστω", "δεν ενδιαφερομαι",
		"нет спасибо", "не интересно", "не интересует", "мне не интересно", "ні дякую", "не цікаво", "мені не цікаво",
		"لا شكرا", "غير مهتم", "לא תודה", "לא מעוניין", "לא מעוניינת", "नहीं धन्यवाद", "tidak terima kasih", "tidak tertarik",
		"不用了", "不需要", "不感兴趣", "不感興趣", "没兴趣", "沒興趣", "興味ありません", "関心ありません", "관심 없습니다", "관심 없어요",
	}
)

// courtesies are the words people put around such a phrase.
var courtesies = []string{
	"please", "pls", "plz", "kindly", "just", "hi", "hello", "hey", "sorry", "ok", "okay", "no", "thanks", "thank", "you",
	"i", "id", "want", "would", "like", "to", "can", "could", "now", "again", "anymore", "it", "this",
	"bonjour", "merci", "svp", "stp", "sil", "vous", "plait", "te", "je", "veux", "veuillez",
	"hola", "gracias", "por", "favor", "quiero", "ola", "obrigado", "obrigada", "quero", "ciao", "grazie", "per", "favore", "voglio",
	"prosze", "dziekuje", "dzieki", "dekuji", "prosim", "multumesc", "koszonom", "kerem", "tesekkurler", "lutfen", "kiitos", "tak", "takk",
	"спасибо", "пожалуиста", "дякую", "شكرا", "תודה", "बस", "धन्यवाद", "terima", "kasih", "tolong",
	"谢谢", "謝謝", "请", "請", "ありがとうございます", "すみません", "감사합니다",
	"hallo", "bitte", "danke", "ich", "mochte", "mich", "alsjeblieft", "graag", "ik", "wil", "hej", "tack", "snalla",
}
