package agi

import "context"

// GetVariable reads a channel variable, or a function such as
// "CHANNEL(linkedid)". It is not set when ok is false. Values above 1,023 bytes
// are cut by Asterisk (handle_getvariable); GetFullVariable cuts none.
//
// A value may hold line feeds. One that holds ")" before a line feed can't be
// told from the end of the answer: then the session is cut off as [BadAnswer].
func (s *Session) GetVariable(ctx context.Context, name string) (value string, ok bool, err error) {
	r, err := s.do(ctx, "GET VARIABLE", name)
	return r.Data, r.Result == "1", err
}

// GetFullVariable expands a text with any number of ${...}, on the session's
// channel or another by its name. It is not ok when there is none of that name.
func (s *Session) GetFullVariable(ctx context.Context, text, channel string) (value string, ok bool, err error) {
	r, err := s.do(ctx, "GET FULL VARIABLE", append([]string{text}, optional(channel)...)...)
	return r.Data, r.Result == "1", err
}

// SetVariable sets a channel variable, or writes to a function. Leading
// underscores make it inherited, as in the dialplan.
func (s *Session) SetVariable(ctx context.Context, name, value string) error {
	_, err := s.do(ctx, "SET VARIABLE", name, value)
	return err
}

// DatabaseGet reads from Asterisk's database; ok is false when there is no such key.
func (s *Session) DatabaseGet(ctx context.Context, family, key string) (value string, ok bool, err error) {
	r, err := s.do(ctx, "DATABASE GET", family, key)
	return r.Data, r.Result == "1", err
}

// DatabasePut writes to Asterisk's database. ErrFailed: it could not.
func (s *Session) DatabasePut(ctx context.Context, family, key, value string) error {
	return s.database(ctx, "DATABASE PUT", family, key, value)
}

// DatabaseDel deletes from Asterisk's database. ErrFailed: it could not; that a
// key was not there is no failure on every version.
func (s *Session) DatabaseDel(ctx context.Context, family, key string) error {
	return s.database(ctx, "DATABASE DEL", family, key)
}

// DatabaseDelTree deletes a family, or what is below a key of it when keytree is
// not empty. The answer of Asterisk does not tell whether there was anything.
func (s *Session) DatabaseDelTree(ctx context.Context, family, keytree string) error {
	_, err := s.do(ctx, "DATABASE DELTREE", append([]string{family}, optional(keytree)...)...)
	return err
}

func (s *Session) database(ctx context.Context, verb string, args ...string) error {
	r, err := s.do(ctx, verb, args...)
	if err == nil && r.Result != "1" {
		err = &CommandError{Command: verb, Code: 200, Text: "result=" + r.Result}
	}
	return err
}
