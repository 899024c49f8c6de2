package unipile

import (
	"errors"
	"fmt"
	"time"
)

// Fault makes matching calls go wrong. It strikes after the request was found well
// formed, so it never hides a mistake of the client. A Fault without any effect
// answers 500 provider_error.
type Fault struct {
	// Operation is the endpoint as named in the traffic log: start_chat, send_message,
	// list_comments, … or "*" (also when empty) for all.
	Operation string

	// Status, Type, Title and Detail make the error body. Of a known Type (with or
	// without "errors/") or Status the rest is filled in with the vendor's words.
	Status              int
	Type, Title, Detail string

	Times       int     // how often it strikes; 0 is for ever
	Probability float64 // how likely it strikes a matching call; 0 is always

	AfterStore bool          // do the work first, then fail: the 504 of a message that was sent
	Delay      time.Duration // wait before anything else
	Reset      bool          // cut the connection instead of answering; net/http then repeats a GET by itself
	Hang       bool          // hold the answer until the client leaves, or Release, ClearFaults or Close
	SameCursor bool          // succeed, but every page of a list is the first one and names one and the same next
	NewCursors bool          // the same, but each names another next
	NullIDs    bool          // succeed, but without message_id, chat_id or comment_id

	AccountID, PersonID string // strike only calls of this account, or that name this person or the chat with them
}

// armedFault is a Fault that waits for calls.
type armedFault struct {
	Fault
	id       string
	left     int // strikes left; -1 for ever
	released chan struct{}
}

// AddFault arms a fault and returns its id. Of several that match, the first added
// strikes. It panics on an operation that does not exist, because such a fault
// would let a test pass for nothing.
func (s *Server) AddFault(f Fault) string {
	id, err := s.addFault(f)
	if err != nil {
		panic("unipile sandbox: " + err.Error())
	}
	return id
}

func (s *Server) addFault(f Fault) (string, error) {
	if f.Operation == "" {
		f.Operation = "*"
	}
	switch {
	case !s.operations[f.Operation]:
		return "", fmt.Errorf("operation %q does not exist", f.Operation)
	case f.Times < 0, f.Probability < 0, f.Probability > 1, f.Delay < 0:
		return "", errors.New("times, probability or delay out of range")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return "", fmt.Errorf("status %d is not an error", f.Status)
	}
	if err := f.complete(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faultCount++
	armed := &armedFault{Fault: f, id: fmt.Sprintf("fault-%d", s.faultCount), left: f.Times, released: make(chan struct{})}
	if f.Times == 0 {
		armed.left = -1
	}
	s.faults = append(s.faults, armed)
	return armed.id, nil
}

// complete fills in the error body from what is known of its type or status.
func (f *Fault) complete() error {
	effect := f.Reset || f.Hang || f.NullIDs || f.SameCursor || f.NewCursors || f.Delay > 0
	if f.Type == "" && f.Status == 0 && effect {
		return nil
	}
	if f.Type == "" {
		f.Type = typeOf(f.Status)
	}
	p := known(f.Type)
	f.Type = p.Type
	if f.Status == 0 {
		f.Status = p.Status
	}
	if f.Status == 0 {
		return fmt.Errorf("type %q needs a status", f.Type)
	}
	if f.Title == "" {
		f.Title = p.Title
		if f.Detail == "" {
			f.Detail = p.Detail
		}
	}
	return nil
}

// Release lets go of the calls that the fault holds. They then go on: to the fault's
// error if it has one, else to success.
func (s *Server) Release(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.id == id {
			f.release()
		}
	}
}

// ClearFaults disarms all faults and lets go of the calls they hold.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		f.release()
	}
	s.faults = nil
}

func (f *armedFault) release() {
	select {
	case <-f.released:
	default:
		close(f.released)
	}
}

func (f *armedFault) matches(operation, accountID, personID string) bool {
	return f.left != 0 &&
		(f.Operation == "*" || f.Operation == operation) &&
		(f.AccountID == "" || f.AccountID == accountID) &&
		(f.PersonID == "" || f.PersonID == personID)
}

// enter is called by each endpoint once it knows whom the request concerns and that
// it is well formed: the traffic log learns the account, and a fault may strike.
// The caller does not hold the lock.
func (c *call) enter(accountID, personID string) error {
	s := c.s
	s.mu.Lock()
	c.record.AccountID = accountID
	for _, f := range s.faults {
		if !f.matches(c.record.Operation, accountID, personID) || (f.Probability > 0 && s.noise.Float64() >= f.Probability) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		c.fault, c.record.FaultName = f, f.id
		break
	}
	s.mu.Unlock()

	if c.fault == nil {
		return nil
	}
	if err := c.wait(); err != nil {
		return err
	}
	if c.fault.AfterStore {
		return nil
	}
	return c.strike()
}

// leave is the second half of a fault, after the work.
func (c *call) leave(result any) (any, error) {
	if c.fault == nil {
		return result, nil
	}
	if c.fault.AfterStore {
		if err := c.strike(); err != nil {
			return nil, err
		}
	}
	if c.fault.SameCursor || c.fault.NewCursors {
		result = c.loop(result)
	}
	if nullable, ok := result.(interface{ withoutIDs() any }); ok && c.fault.NullIDs {
		return nullable.withoutIDs(), nil
	}
	return result, nil
}

// wait is the fault's delay.
func (c *call) wait() error {
	if c.fault.Delay == 0 {
		return nil
	}
	timer := time.NewTimer(c.fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.r.Context().Done():
		return errCut
	case <-c.s.ctx.Done():
		return errCut
	}
}

// strike holds the call, cuts it, or fails it.
func (c *call) strike() error {
	f := c.fault
	if f.Hang {
		select {
		case <-f.released:
		case <-c.r.Context().Done():
			return errCut
		case <-c.s.ctx.Done():
			return errCut
		}
	}
	switch {
	case f.Reset:
		return errCut
	case f.Status != 0:
		return &problem{Status: f.Status, Type: f.Type, Title: f.Title, Detail: f.Detail}
	default:
		return nil
	}
}

// armed counts the faults that may still strike.
func (s *Server) armed() int {
	n := 0
	for _, f := range s.faults {
		if f.left != 0 {
			n++
		}
	}
	return n
}
