package queue

import "calld/mask"

// CustomerNumber is the number of the customer, empty when withheld.
func (c *Call) CustomerNumber() string {
	if c.Direction == Out {
		return c.Callee
	}
	return c.Caller
}

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
	if c.Customer != nil {
		customer := *c.Customer
		customer.Key, customer.Name, customer.Script = text(customer.Key), text(customer.Name), text(customer.Script)
		customer.Variables = make(map[string]string, len(c.Customer.Variables))
		for name, value := range c.Customer.Variables {
			customer.Variables[name] = text(value)
		}
		m.Customer = &customer
	}
	return m
}
