package conversation

import (
	"slices"
	"strings"
)

// The phrases by which people ask for silence, in the form of [plainWords], a
// line or more to each language: en, fr, es, pt, it, de, nl, sv. A single word
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
	}
)

// courtesies are the words people put around such a phrase.
var courtesies = []string{
	"please", "pls", "plz", "kindly", "just", "hi", "hello", "hey", "sorry", "ok", "okay", "no", "thanks", "thank", "you",
	"i", "id", "want", "would", "like", "to", "can", "could", "now", "again", "anymore", "it", "this",
	"bonjour", "merci", "svp", "stp", "sil", "vous", "plait", "te", "je", "veux", "veuillez",
	"hola", "gracias", "por", "favor", "quiero", "ola", "obrigado", "obrigada", "quero", "ciao", "grazie", "per", "favore", "voglio",
	"hallo", "bitte", "danke", "ich", "mochte", "mich", "alsjeblieft", "graag", "ik", "wil", "hej", "tack", "snalla",
}

// buts turn a refusal into the start of a conversation.
var buts = []string{"but", "mais", "pero", "ma", "aber", "maar", "men"}

// isOptOut reports whether a message asks for silence: apart from courtesies it
// consists of, or begins with, one of the phrases above. Everywhere else the
// words are part of a sentence: "I can't stop reading your posts".
func isOptOut(text string, withAddress bool) bool {
	const longest = 40 // words; who asks for silence is brief
	fields := strings.Fields(text)
	if len(fields) > longest {
		return false
	}
	fields = slices.DeleteFunc(fields, func(f string) bool { return strings.Contains(f, "@") })
	said := plainWords(strings.Join(fields, " "))
	talking := strings.Contains(text, "?") || slices.ContainsFunc(buts, func(but string) bool { return slices.Contains(said, but) })

	for ; len(said) > 0; said = said[1:] {
		switch {
		case opensWith(said, optOutAlways),
			!withAddress && opensWith(said, optOutDemands),
			!withAddress && !talking && opensWith(said, optOutRefusals):
			return true
		case !slices.Contains(courtesies, said[0]):
			return false
		}
	}
	return false
}

// opensWith reports whether a message opens with a phrase, or is a single word
// and courtesies.
func opensWith(said, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool {
		phrase := strings.Fields(p)
		if len(said) < len(phrase) || !slices.Equal(said[:len(phrase)], phrase) {
			return false
		}
		rest := said[len(phrase):]
		return len(phrase) > 1 || !slices.ContainsFunc(rest, func(word string) bool { return !slices.Contains(courtesies, word) })
	})
}
