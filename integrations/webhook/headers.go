package webhook

import "net/http"

// Headers are those that [Sender.Deliver] sends with a delivery, signatures included,
// for showing them to whoever has to verify them.
func (s *Sender) Headers(d Delivery) (http.Header, error) {
	req, failure := s.request(d)
	if failure != nil {
		return nil, failure
	}
	return req.Header, nil
}
