package conversation_test

import (
	"strings"
	"testing"

	"github.com/bravorevos/workers/conversation"
)

// Ensure that a wish for silence is heard in every language we list, and that
// its words inside other sentences are not taken for one.
func TestReadReplyOptOut(t *testing.T) {
	t.Parallel()
	tests := map[conversation.ReplyKind][]string{
		conversation.ReplyOptOut: {
			"STOP", "🛑 Stop!", "Please stop", "stop it", "Can you stop messaging me?", "I want to unsubscribe",
			"Could you please remove me from your list?", "Hi, no thanks.", "Not interested, sorry",
			"don’t contact me again", "I’d like you to stop", "Ｓｔｏｐ", "opt-out",
			"Désabonnez-moi svp", "ne m’écrivez plus", "Non merci", "arrêtez",
			"no, gracias", "por favor no me escribas más", "quiero darme de baja", "¡Basta!",
			"Não, obrigado", "por favor pare de me mandar mensagens", "descadastrar",
			"No grazie", "per favore non scrivermi", "disiscrivimi",
			"Nein danke", "Bitte keine weiteren Nachrichten", "Ich möchte mich abmelden",
			"nee bedankt", "graag afmelden", "Nej tack", "snälla sluta", "avregistrera mig",
			"Nej tak", "Skriv ikke til mig!", "Nei takk", "avmeld meg", "Ei kiitos", "Älä lähetä minulle viestejä",
			"Nie, dziękuję", "Proszę nie pisać", "Ne, děkuji", "Nu, mulțumesc", "nu mă mai contacta", "Nem köszönöm",
			"Hayır, teşekkürler", "Bana yazma", "Όχι, ευχαριστώ", "Μη μου στέλνεις άλλα", "Нет, спасибо", "Не пишите мне больше", "СТОП",
			"Ні, дякую", "Не пишіть мені", "لا، شكراً", "توقف", "לא תודה", "הסירו אותי", "नहीं, धन्यवाद", "Tidak, terima kasih",
			"不需要，谢谢", "退订", "请不要再发消息", "やめてください。", "配信停止", "수신거부", "연락하지 마세요",
			// In any sentence, and behind a comma where it says enough.
			"Stop. Not interested.", "Stop!\nI don't want this.", "This is spam. Unsubscribe.", "Who are you? Please stop messaging me.",
			"I don't know you. Leave me alone.", "Sorry, wrong person, please remove me", "Thanks. Not interested.", "Basta. Grazie.",
			"Don't send me anything", "Please do not send me messages", "no longer interested", "How do I unsubscribe?", "stop spam", strings.Repeat("STOP ", 4),
			"Hör auf", "Bitte hören Sie auf, mir zu schreiben", "Lass mich in Ruhe!", "kein Bedarf", "Je ne veux plus recevoir de messages",
			"No quiero recibir más mensajes", "Para de me mandar mensagem", "Basta con questi messaggi", "Przestańcie do mnie pisać",
			"Отстаньте", "Не пишите", "Спасибо, не надо", "Hold op!", "Keine Nachrichten mehr, bitte", "opt out please",
			// Where nothing is between words.
			"请退订", "退订谢谢", "不用了谢谢", "请不要再给我发消息了", "メッセージを送らないでください", "配信停止してください", "配信停止お願いします",
			"いいえ、結構です", "그만해주세요", "더 이상 보내지 마세요", "ไม่สนใจ", "Không, cảm ơn",
			// A word for "but" of another language keeps nobody talking.
			"Non merci, ma boîte est pleine", "Não, obrigado, nada mais", "No gracias, no quiero más",
			// The address is the one to be left alone.
			"Stop emailing me at ann@example.com", "Please remove ann@example.com from your list", "Don't contact me at ann@example.com",
			"stop sending to ann@example.com", "STOP ann@example.com",
			// Unmistakable words count beside an address.
			"Unsubscribe ann@example.com", "Please remove me: ann@example.com",
		},
		conversation.ReplyNone: {
			"I can't stop reading your posts", "Stop by our booth!", "stop it, you are too good", "I never unsubscribe",
			"Unsubscribe rates are my problem", "no thanks, but what is it about?", "No thanks? Of course I want it",
			"non merci mais c'est quoi ?", "No", "para mí", "Yes please", "Merci", "cancel culture is the topic",
			"tak, proszę", "Спасибо!", "Не понял, что это?", "谢谢", "ありがとうございます", "네, 감사합니다", "Kiitos!", "стопроцентно интересно",
			"non-stop travel, mail comes later", "停车场的照片很好",
			"Hold op hvor er det flot!", "Hold op, det er vildt", "Keine Nachrichten erhalten", "Geen berichten meer ontvangen", "Opt out rates are my topic",
			"Basta con un correo", "fine, enough", "I love it. Stop by our booth!", "No more waiting!", "停止条件は何ですか",
			"Não obrigado, mas me manda o link", "Nie dziękuję, ale wyślij link", "Нет спасибо, но пришлите ссылку", "لا شكرا، لكن أرسل الرابط هنا",
			"Nej tak, men send linket her", "Hayır teşekkürler ama linki gönderin", "No grazie, ma manda il link", "لا شكرا، ما هذا؟",
		},
		conversation.ReplyFound: {
			"stop, it's ann@example.com", "Don't message me here, use ann@example.com", "no thanks needed: ann@example.com",
			"Stop sending it there, use ann@example.com", "don't send me more, ann@example.com is enough", "Great. Stop! It's ann@example.com",
		},
		conversation.ReplyAsk: {
			"can't stop reading, ann at example dot com",
		},
	}
	for want, texts := range tests {
		for _, text := range texts {
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				if got := conversation.ReadReply(text); got.Kind != want {
					t.Errorf("ReadReply(%q) = %+v, want %s", text, got, want)
				}
			})
		}
	}
}
