package unipile

import (
	"slices"
	"strings"
)

// messageEvent is the payload of message_received. It differs from REST: the text is
// in message, is_sender is a boolean, and the account itself is not among attendees.
type messageEvent struct {
	Event             string          `json:"event"`
	AccountID         string          `json:"account_id"`
	AccountType       string          `json:"account_type"`
	AccountInfo       accountInfo     `json:"account_info"`
	WebhookName       string          `json:"webhook_name"`
	ChatID            string          `json:"chat_id"`
	ProviderChatID    string          `json:"provider_chat_id"`
	MessageID         string          `json:"message_id"`
	ProviderMessageID string          `json:"provider_message_id"`
	Message           *string         `json:"message"`
	Timestamp         string          `json:"timestamp"`
	IsSender          bool            `json:"is_sender"`
	Sender            eventAttendee   `json:"sender"`
	Attendees         []eventAttendee `json:"attendees"`
	Attachments       []eventFile     `json:"attachments"`
	Subject           *string         `json:"subject"`
	Quoted            *quotedItem     `json:"quoted"`
	ReplyTo           *string         `json:"reply_to"`
	IsForwarded       *bool           `json:"is_forwarded"`
	IsEvent           int             `json:"is_event"`
	EventType         *int            `json:"event_type"`
	IsGroup           bool            `json:"is_group"`
	ChatPinned        int             `json:"chat_pinned"`
	ChatContentType   *string         `json:"chat_content_type"`
	MessageType       string          `json:"message_type"`
	Folder            []string        `json:"folder"`
}

type accountInfo struct {
	Type    string `json:"type"`
	Feature string `json:"feature"`
	UserID  string `json:"user_id"`
}

type eventAttendee struct {
	ID               string         `json:"attendee_id"`
	ProviderID       string         `json:"attendee_provider_id"`
	PublicIdentifier *string        `json:"attendee_public_identifier"`
	Name             string         `json:"attendee_name"`
	ProfileURL       string         `json:"attendee_profile_url"`
	Specifics        eventSpecifics `json:"attendee_specifics"`
}

type eventSpecifics struct {
	Provider        string `json:"provider"`
	MemberURN       string `json:"member_urn"`
	Occupation      string `json:"occupation"`
	IsCompany       bool   `json:"is_company"`
	NetworkDistance string `json:"network_distance"`
}

type eventFile struct {
	ID   string `json:"attachment_id"`
	Type string `json:"attachment_type"`
	Name string `json:"attachment_name"`
}

// statusEvent is the payload of account_status, the only one without an event key.
type statusEvent struct {
	AccountStatus accountStatus `json:"AccountStatus"`
}

type accountStatus struct {
	AccountID   string `json:"account_id"`
	AccountType string `json:"account_type"`
	Message     string `json:"message"`
}

type relationEvent struct {
	Event                string  `json:"event"`
	AccountID            string  `json:"account_id"`
	AccountType          string  `json:"account_type"`
	WebhookName          string  `json:"webhook_name"`
	Timestamp            string  `json:"timestamp"`
	UserFullName         string  `json:"user_full_name"`
	UserProviderID       string  `json:"user_provider_id"`
	UserPublicIdentifier string  `json:"user_public_identifier"`
	UserProfileURL       string  `json:"user_profile_url"`
	UserPictureURL       *string `json:"user_picture_url"`
}

// publishMessage tells the webhooks of a message in either direction.
func (s *Server) publishMessage(m *message) {
	a := s.world.account(m.chat.accountID)
	item := s.world.messageItem(m)
	event := messageEvent{
		Event: "message_received", AccountID: a.ID, AccountType: "LINKEDIN",
		AccountInfo: accountInfo{Type: "LINKEDIN", Feature: "classic", UserID: a.ProviderID},
		ChatID:      m.chat.id, ProviderChatID: m.chat.providerID, MessageID: m.id, ProviderMessageID: m.providerID,
		Message: item.Text, Timestamp: item.Timestamp, IsSender: m.own(),
		Sender:      s.world.eventAttendee(a.ID, m.senderID),
		Attendees:   []eventAttendee{s.world.eventAttendee(a.ID, m.chat.personID)},
		Attachments: []eventFile{}, Quoted: item.Quoted, IsEvent: item.IsEvent, EventType: item.EventType,
		MessageType: m.kind, Folder: []string{"INBOX", "INBOX_LINKEDIN_CLASSIC"},
	}
	for _, file := range item.Attachments {
		event.Attachments = append(event.Attachments, eventFile{file.ID, file.Type, file.FileName})
	}
	s.publish(a.ID, "messaging", event.Event, func(name string) any {
		event.WebhookName = name
		return event
	})
}

func (w *world) eventAttendee(accountID, providerID string) eventAttendee {
	a, p := w.attendeeOf[pair{accountID, providerID}], w.people[providerID]
	return eventAttendee{
		ID: a.id, ProviderID: providerID, Name: p.Name, ProfileURL: p.memberURL(),
		Specifics: eventSpecifics{
			Provider: "LINKEDIN", MemberURN: "urn:li:member:" + p.memberNumber, Occupation: p.Headline,
			IsCompany: p.Company, NetworkDistance: w.attendeeDistance(a),
		},
	}
}

func (s *Server) publishStatus(a *account, status string) {
	s.publish(a.ID, "account_status", strings.ToLower(status), func(string) any {
		return statusEvent{accountStatus{a.ID, "LINKEDIN", status}}
	})
}

func (s *Server) publishRelation(a *account, p *person) {
	s.publish(a.ID, "users", "new_relation", func(name string) any {
		return relationEvent{
			Event: "new_relation", AccountID: a.ID, AccountType: "LINKEDIN", WebhookName: name, Timestamp: formatTime(s.now()),
			UserFullName: p.Name, UserProviderID: p.ProviderID, UserPublicIdentifier: p.Slug, UserProfileURL: p.profileURL(),
		}
	})
}

// publish queues an event for the webhooks that subscribe to it. The caller holds
// the lock.
func (s *Server) publish(accountID, source, event string, payload func(webhookName string) any) {
	if s.ctx.Err() != nil {
		return
	}
	for _, h := range s.webhooks {
		if h.enabled && h.source == source && slices.Contains(h.events, event) && within(h.accountIDs, accountID) {
			body := marshal(payload(h.name))
			if s.opts.ExtraFields {
				body = addNoise(s.noise, body)
			}
			s.enqueue(h, &delivery{event: event, body: body})
		}
	}
}
