package unipile

import (
	"net/http"
	"strings"
)

// route is one endpoint of the vendor's API.
type route struct {
	pattern   string // below /api/v1
	operation string // the name faults and the traffic log know it by
	status    int    // of a success
	handle    func(*call) (any, error)
}

// routes lists the part of the vendor's API that this server speaks.
func (s *Server) routes() []route {
	return []route{
		{"GET /accounts", "list_accounts", 200, s.listAccounts},
		{"GET /accounts/{id}", "get_account", 200, s.getAccount},

		{"GET /posts/{id}", "get_post", 200, s.getPost},
		{"GET /posts/{id}/comments", "list_comments", 200, s.listComments},
		{"POST /posts/{id}/comments", "comment", 201, s.postComment},

		{"GET /chats", "list_chats", 200, s.listChats},
		{"POST /chats", "start_chat", 201, s.startChat},
		{"GET /chats/{id}", "get_chat", 200, s.getChat},
		{"GET /chats/{id}/messages", "chat_messages", 200, s.chatMessages},
		{"POST /chats/{id}/messages", "send_message", 201, s.sendMessage},

		{"GET /messages", "list_messages", 200, s.listMessages},
		{"GET /messages/{id}", "get_message", 200, s.getMessage},

		{"GET /chat_attendees", "list_attendees", 200, s.listAttendees},
		{"GET /chat_attendees/{id}", "get_attendee", 200, s.getAttendee},
		{"GET /chat_attendees/{id}/chats", "chats_with", 200, s.chatsWith},
		{"GET /chat_attendees/{id}/messages", "messages_with", 200, s.messagesWith},

		{"GET /users/me", "get_own_profile", 200, s.getOwnProfile},
		{"GET /users/relations", "list_relations", 200, s.listRelations},
		{"GET /users/{id}", "get_profile", 200, s.getProfile},
		{"POST /users/invite", "invite", 200, s.invite},
		{"GET /users/invite/sent", "list_invitations", 200, s.listInvitations},
		{"DELETE /users/invite/sent/{id}", "withdraw_invitation", 200, s.withdrawInvitation},

		{"GET /webhooks", "list_webhooks", 200, s.listWebhooks},
		{"POST /webhooks", "create_webhook", 201, s.createWebhook},
		{"DELETE /webhooks/{id}", "delete_webhook", 200, s.deleteWebhook},
	}
}

// Handler serves the vendor's API under /api/v1.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		method, path, _ := strings.Cut(rt.pattern, " ")
		mux.HandleFunc(method+" /api/v1"+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, rt) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A wrong method is an unknown route to the vendor, not a 405.
		if _, pattern := mux.Handler(r); pattern == "" {
			s.begin(w, r, "").answer(http.StatusNotFound, map[string]any{
				"message": "Cannot " + r.Method + " " + r.URL.RequestURI(), "error": "Not Found", "statusCode": 404,
			})
			return
		}
		mux.ServeHTTP(w, r)
	})
}
