package main

import "time"

// person is somebody of the scripted world: what they write, and what must have
// become of them in the end. The script is the only source of expected figures.
type person struct {
	name    string
	asks    []string      // comments that ask for the guide
	again   string        // asks once more, while the worker runs
	talks   []string      // comments that do not ask, whatever words they hold
	late    bool          // comments only while the worker runs
	answers []string      // to the first message, one after the other
	after   time.Duration // of the first answer; drawn up by the world when zero
	doubted bool          // the answer is asked about
	then    []string      // to that second question
	tells   bool          // gives the address in the comment, so that nobody asks

	// end is the status of their lead, or empty where there must be none.
	end string
	// email is exactly what must be stored.
	email string

	// apart is not connected to the author, so that no message passes; connects says
	// whether they accept an invitation.
	apart, connects bool
}

// The ends of a lead.
const (
	endDelivered    = "webhook_sent"
	endSilent       = "dm_sent"
	endOptedOut     = "opted_out"
	endNotConnected = "not_connected"
)

// lines reads better than a slice literal in the tables below.
func lines(texts ...string) []string { return texts }

// delivered are the people who give an address that can be used, some when they are
// asked again.
func delivered() []person {
	return []person{
		{name: "Ana Ruiz", asks: lines("Guide please 🙏"), again: "did the GUIDE go out? 😊", answers: lines("ana.ruiz@example.com"), email: "ana.ruiz@example.com"},
		{name: "John O'Brien", asks: lines("GUIDE"), talks: lines("And thank you for doing this"), answers: lines("Sure! My email is o'brien@example.com"), email: "o'brien@example.com"},
		{name: "Priya Nair", asks: lines("Would love the guide!! Thanks Mara"), answers: lines("Priya Nair <priya@example.org>"), email: "priya@example.org"},
		{name: "佐藤 健", asks: lines("ガイドをください"), answers: lines("ｋｅｎ＠ｅｘａｍｐｌｅ．ｃｏｍ です。よろしくお願いします"), email: "ken@example.com"},
		{name: "Иван Петров", asks: lines("Гайд, пожалуйста"), answers: lines("Вот: ivan.petrov@example.com"), email: "ivan.petrov@example.com"},
		{name: "王芳", asks: lines("请发指南，谢谢"), again: "指南 🙏", answers: lines("我的邮箱是 fang.wang@example.com"), email: "fang.wang@example.com"},
		{name: "Léa Martin", asks: lines("#guide svp"), answers: lines("Voici : <lea.martin@example.com>"), email: "lea.martin@example.com"},
		{name: "Jürgen Groß", asks: lines("Guide bitte!", "guide?"), answers: lines("[j.gross@example.com](mailto:j.gross@example.com)"), email: "j.gross@example.com"},
		{name: "Sofía Herrera", asks: lines("“Guide”"), answers: lines("mailto:sofia@example.net?subject=Guide"), email: "sofia@example.net"},
		{name: "Marco Bianchi", asks: lines("𝗚𝗨𝗜𝗗𝗘"), answers: lines("marco.bianchi@example.com 👍🏽"), email: "marco.bianchi@example.com"},
		{name: "Noor Haddad", asks: lines("ＧＵＩＤＥ"), again: "guide, second try", answers: lines("noor\u200b@example.com"), email: "noor@example.com"},
		{name: "Emma Nilsson", asks: lines("guide,guide,guide"), answers: lines("not emma@old.example.com but emma@example.com"), email: "emma@example.com"},
		{name: "Tomáš Novák", asks: lines("Guide👇"), answers: lines("use tomas@example.org, not tn@example.org"), email: "tomas@example.org"},
		{name: "Chidi Okafor", asks: lines("gui\u200bde"), answers: lines("chidi&#64;example.com"), email: "chidi@example.com"},
		{name: "Lucas Almeida", asks: lines("O guide, por favor", "Guide!"), again: "guide 🇧🇷", answers: lines("Claro! lucas+guide@example.com 🚀"), email: "lucas+guide@example.com"},
		{name: "Ingrid Solberg", asks: lines("The guide, if it is still there"), answers: lines("INGRID@EXAMPLE.COM"), email: "INGRID@EXAMPLE.COM"},
		{name: "Yuki Tanaka", asks: lines("ガイド希望です"), answers: lines("ありがとうございます！", "yuki.tanaka@example.com"), email: "yuki.tanaka@example.com"},
		{name: "Daniel Cohen", asks: lines("guide for me too"), answers: lines("What is this about?", "ok, daniel@example.com"), email: "daniel@example.com"},
		{name: "Fatima Zahra", asks: lines("Guide, thanks"), answers: lines("fatima@example.com", "and my other one is fatima.z@example.com"), email: "fatima@example.com"},
		{name: "Piotr Zieliński", asks: lines("GUIDE!!!"), answers: lines("sorry, was travelling: piotr@example.com"), after: 9 * time.Second, email: "piotr@example.com"},
		{name: "Grace Kim", asks: lines("Interested! Guide"), again: "guide, from my other phone", answers: lines("(grace@mail.example.org)"), email: "grace@mail.example.org"},
		{name: "Omar Farouk", asks: lines("guide\nplease"), answers: lines(`"omar@example.com"`), email: "omar@example.com"},
		{name: "Hannah Müller", asks: lines("Den Guide hätte ich gern"), again: "Guide?", answers: lines("Gern: hannah@büro.example.com"), email: "hannah@büro.example.com"},
		{name: "Samir Patel", asks: lines("Guide. You are a legend"), answers: lines("I can't stop reading your posts, it's samir@example.com"), email: "samir@example.com"},
		{name: "Mateo Rossi", late: true, asks: lines("guide"), answers: lines("Certo: mateo.rossi@example.com"), email: "mateo.rossi@example.com"},
		{name: "Aisha Bello", late: true, asks: lines("Guide 🙌"), answers: lines("aisha@example.com!!!"), email: "aisha@example.com"},
		{name: "Viktor Lindgren", late: true, asks: lines("the GUIDE please"), answers: lines("viktor_lindgren-99@example.org"), email: "viktor_lindgren-99@example.org"},
		{name: "Olga Smirnova", asks: lines("guide, спасибо"), answers: lines("olga at example dot com"), doubted: true, then: lines("yes!"), email: "olga@example.com"},
		{name: "Kate Wilson", asks: lines("Guide x"), answers: lines("kate@gmail.con"), doubted: true, then: lines("yep, thanks 👍"), email: "kate@gmail.com"},
		{name: "Ben Carter", asks: lines("guide for two?"), answers: lines("ben@example.com or ben.carter@example.com"), doubted: true, then: lines("the second: ben.carter@example.com"), email: "ben.carter@example.com"},
		{name: "Mikkel Holm", asks: lines("GUIDE tak"), answers: lines("mikkel.holm", "@example.com"), email: "mikkel.holm@example.com"},
		{name: "Nora Blix", asks: lines("Guide to nora.blix@example.com please"), tells: true, email: "nora.blix@example.com"},
		{name: "Chloé Dubois", late: true, asks: lines("guide"), answers: lines("Utilisez plutôt chloe@example.com"), email: "chloe@example.com"},
	}
}

// unanswered are the people who get the first message and give no address.
func unanswered() []person {
	return []person{
		{name: "Jean Petit", asks: lines("Guide !"), answers: lines("jean arobase example point com"), doubted: true, end: endSilent},
		{name: "Wei Chen", asks: lines("guide 谢谢"), again: "指南指南", answers: lines("wei [at] example [dot] com"), doubted: true, then: lines("who is this?"), end: endSilent},
		{name: "Nina Kovač", asks: lines("guide"), again: "GUIDE", answers: lines("stop"), end: endOptedOut},
		{name: "Erik Hansen", asks: lines("Guide..."), answers: lines("Nein danke"), end: endOptedOut},
		{name: "Paul Weber", asks: lines("guide"), end: endSilent},
		{name: "Isabel Costa", asks: lines("Guide", "guide", "GUIDE"), end: endSilent},
		{name: "Sanna Virtanen", asks: lines("guide, we are not connected yet"), apart: true, connects: true, end: endSilent},
		{name: "Rafael Gómez", asks: lines("La guide, por favor"), end: endSilent},
		{name: "Linda Park", late: true, asks: lines("guide"), end: endSilent},
		{name: "Stefan Ionescu", late: true, asks: lines("Guide, late to the party"), end: endSilent},
	}
}

// unreached are those who must not get a message.
func unreached() []person {
	return []person{
		{name: "Quentin Fabre", asks: lines("Guide s'il te plaît"), apart: true, end: endNotConnected},
		{name: "Ada Byrne", talks: lines("I feel misguided by most of these posts")},
		{name: "Hugo Lefèvre", talks: lines("We follow the brand guidelines here")},
		{name: "Mina Sato", talks: lines("A guided tour would help")},
		{name: "Carl Jensen", talks: lines("Some guidance needed", "Unguided, as always")},
		{name: "Eva Horváth", talks: lines("giude? guidé? 😅")},
		{name: "Lev Orlov", talks: lines("Отличный путеводитель")},
		{name: "Rosa Marín", talks: lines("GUIDELINE", "I am my own mentor")},
		{name: "Tariq Aziz", talks: lines("دليل رائع")},
		{name: "Noah Fischer", late: true, talks: lines("missed this, great numbers")},
		{name: "Sara Lind", late: true, talks: lines("Following")},
		{name: "Ivo Marek", late: true, talks: lines("our guidelines say the opposite")},
	}
}

// bystanders fill the thread with what people write under a post.
func bystanders(n int) []person {
	first := lines("Alex", "Bianca", "Cédric", "Dora", "Elif", "Felix", "Gita", "Henrik", "Inês", "Jonas", "Kaja", "Leo", "Maja")
	last := lines("Adler", "Brandt", "Castro", "Doyle", "Eriksen")
	remarks := lines(
		"Great post", "This 👆", "So true, Mara", "Saving this for later", "Congrats!", "Couldn't agree more",
		"We tried that in 2024 and it failed", "What about small teams?", "", "🔥🔥🔥", "Sehr spannend", "Merci pour le partage",
		"すばらしい", "Interesante", "How did you measure it?", "Bookmarked", "Thanks for sharing",
	)
	crowd := make([]person, n)
	for i := range crowd {
		crowd[i] = person{
			name:  first[i%len(first)] + " " + last[i/len(first)%len(last)],
			talks: lines(remarks[i%len(remarks)]),
		}
	}
	return crowd
}
