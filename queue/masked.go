package queue

import "calld/mask"

// Masked is the call for who is to see no customer's number: the number is as
// [mask.Number] has it, wherever it stands in the record. A number that a dial
// list has besides, in a customer's variables, is not known to be one.
func (c *Call) Masked() Call {
	number := c.CustomerNumber()
	text := func(s string) string { return mask.Text(s, number) }
	m := c.clone()
	if c.Direction == Out {
		m.Caller, m.Callee = text(c.Caller), mask.Number(number)
	} else {
		m.Caller, m.Callee = mask.Number(number), text(c.Callee)
	}
	m.CallerName, m.Channel, m.HeldChannel = text(c.CallerName), text(c.Channel), text(c.HeldChannel)
	m.Cause, m.Memo, m.Disposition = text(c.Cause), text(c.Memo), text(c.Disposition)
	for i := range m.Transfers {
		m.Transfers[i].To = text(m.Transfers[i].To)
	}
	if m.Consult != nil {
		m.Consult.Number = text(m.Consult.Number)
	}
	if m.Callback != nil {
		m.Callback.Number = text(m.Callback.Number)
	}
	m.Customer = c.Customer.Masked(number)
	return m
}

// Masked is the customer for who is not to see a number.
func (c *Customer) Masked(number string) *Customer {
	if c == nil {
		return nil
	}
	text := func(s string) string { return mask.Text(s, number) }
	m := *c
	m.Key, m.Name, m.Script = text(c.Key), text(c.Name), text(c.Script)
	m.Variables = make(map[string]string, len(c.Variables))
	for name, value := range c.Variables {
		m.Variables[name] = text(value)
	}
	return &m
}
