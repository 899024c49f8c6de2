package unipile

// list is the envelope of lists that carry nothing but items and a cursor.
type list struct {
	Object string  `json:"object"`
	Items  any     `json:"items"`
	Cursor *string `json:"cursor"`
}

// commentList is the envelope of comments, which are paged by offset.
type commentList struct {
	list
	TotalItems int    `json:"total_items"`
	Paging     paging `json:"paging"`
}

type paging struct {
	Start      int `json:"start"`
	PageCount  int `json:"page_count"`
	TotalCount int `json:"total_count"`
}

type commentItem struct {
	Object          string        `json:"object"`
	ID              string        `json:"id"`
	PostID          string        `json:"post_id"`
	PostURN         string        `json:"post_urn"`
	ThreadID        string        `json:"thread_id,omitempty"` // of replies
	Author          *string       `json:"author"`              // a name, unlike Instagram's object
	AuthorDetails   authorDetails `json:"author_details"`
	Date            string        `json:"date"`
	Text            string        `json:"text"`
	ReactionCounter int           `json:"reaction_counter"`
	ReplyCounter    int           `json:"reply_counter"`
}

type authorDetails struct {
	ID              *string `json:"id"`
	Headline        *string `json:"headline"`
	ProfileURL      *string `json:"profile_url"`
	NetworkDistance *string `json:"network_distance"`
}

type postItem struct {
	Object             string          `json:"object"`
	Provider           string          `json:"provider"`
	ID                 string          `json:"id"`
	SocialID           string          `json:"social_id"`
	ShareURL           string          `json:"share_url"`
	Title              string          `json:"title"`
	Text               string          `json:"text"`
	Date               string          `json:"date"` // relative: "3h"
	ParsedDatetime     string          `json:"parsed_datetime"`
	ReactionCounter    int             `json:"reaction_counter"`
	CommentCounter     int             `json:"comment_counter"`
	RepostCounter      int             `json:"repost_counter"`
	ImpressionsCounter int             `json:"impressions_counter"`
	Author             postAuthor      `json:"author"`
	Permissions        postPermissions `json:"permissions"`
	IsRepost           bool            `json:"is_repost"`
	Attachments        []any           `json:"attachments"`
}

type postAuthor struct {
	PublicIdentifier *string `json:"public_identifier"`
	ID               string  `json:"id"`
	Name             string  `json:"name"`
	IsCompany        bool    `json:"is_company"`
	Headline         *string `json:"headline"`
}

type postPermissions struct {
	CanReact        bool `json:"can_react"`
	CanShare        bool `json:"can_share"`
	CanPostComments bool `json:"can_post_comments"`
}

// commentSent, chatStarted and messageSent lack their ids now and then.
type commentSent struct {
	Object    string `json:"object"`
	CommentID string `json:"comment_id,omitempty"`
}

func (a commentSent) withoutIDs() any { return commentSent{Object: a.Object} }

type chatStarted struct {
	Object    string  `json:"object"`
	ChatID    *string `json:"chat_id"`
	MessageID *string `json:"message_id"`
}

func (a chatStarted) withoutIDs() any { return chatStarted{Object: a.Object} }

type messageSent struct {
	Object    string  `json:"object"`
	MessageID *string `json:"message_id"`
}

func (a messageSent) withoutIDs() any { return messageSent{Object: a.Object} }

// chatItem and messageItem use 0 and 1 where JSON has booleans.
type chatItem struct {
	Object             string   `json:"object"`
	ID                 string   `json:"id"`
	AccountID          string   `json:"account_id"`
	AccountType        string   `json:"account_type"`
	ProviderID         string   `json:"provider_id"`
	AttendeeProviderID string   `json:"attendee_provider_id"`
	Name               *string  `json:"name"`
	Type               int      `json:"type"`
	Timestamp          string   `json:"timestamp"`
	UnreadCount        int      `json:"unread_count"`
	Unread             int      `json:"unread"`
	Archived           int      `json:"archived"`
	MutedUntil         *string  `json:"muted_until"`
	ReadOnly           int      `json:"read_only"`
	Pinned             int      `json:"pinned"`
	DisabledFeatures   []string `json:"disabledFeatures"`
	Subject            *string  `json:"subject"`
	ContentType        *string  `json:"content_type"`
	Folder             []string `json:"folder"`
}

type chatDetail struct {
	chatItem
	LastMessage *messageItem `json:"lastMessage"`
}

type messageItem struct {
	Object           string            `json:"object"`
	ID               string            `json:"id"`
	AccountID        string            `json:"account_id"`
	ChatID           string            `json:"chat_id"`
	ChatProviderID   string            `json:"chat_provider_id"`
	ProviderID       string            `json:"provider_id"`
	SenderID         string            `json:"sender_id"`
	SenderAttendeeID string            `json:"sender_attendee_id"`
	Text             *string           `json:"text"`
	Timestamp        string            `json:"timestamp"`
	IsSender         int               `json:"is_sender"`
	Seen             int               `json:"seen"`
	SeenBy           map[string]string `json:"seen_by"`
	Delivered        int               `json:"delivered"`
	Hidden           int               `json:"hidden"`
	Deleted          int               `json:"deleted"`
	Edited           int               `json:"edited"`
	IsEvent          int               `json:"is_event"`
	EventType        *int              `json:"event_type"`
	Behavior         int               `json:"behavior"`
	Original         string            `json:"original"`
	Subject          *string           `json:"subject"`
	Quoted           *quotedItem       `json:"quoted"`
	MessageType      string            `json:"message_type"`
	AttendeeType     string            `json:"attendee_type"`
	AttendeeDistance int               `json:"attendee_distance"`
	SenderURN        string            `json:"sender_urn"`
	Attachments      []attachment      `json:"attachments"`
	Reactions        []any             `json:"reactions"`
}

type quotedItem struct {
	ProviderID  string  `json:"provider_id"`
	SenderID    string  `json:"sender_id"`
	Text        *string `json:"text"`
	Attachments []any   `json:"attachments"`
}

type attachment struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Unavailable bool   `json:"unavailable"`
	MIMEType    string `json:"mimetype"`
	FileName    string `json:"file_name"`
}

type attendeeItem struct {
	Object     string        `json:"object"`
	ID         string        `json:"id"`
	AccountID  string        `json:"account_id"`
	ProviderID string        `json:"provider_id"`
	Name       string        `json:"name"`
	IsSelf     int           `json:"is_self"`
	Hidden     int           `json:"hidden"`
	ProfileURL string        `json:"profile_url"`
	Specifics  attendeeFacts `json:"specifics"`
}

type attendeeFacts struct {
	Provider          string         `json:"provider"`
	MemberURN         string         `json:"member_urn"`
	Occupation        string         `json:"occupation"`
	NetworkDistance   string         `json:"network_distance"` // DISTANCE_1, unlike FIRST_DEGREE elsewhere
	PendingInvitation bool           `json:"pending_invitation"`
	ContactInfo       map[string]any `json:"contact_info"`
}
