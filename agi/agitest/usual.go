package agitest

import (
	"fmt"
	"strconv"
	"strings"
)

// whereabouts is the question that a session asks after HANGUP and after
// commands that may move the channel.
const whereabouts = `GET FULL VARIABLE ${CONTEXT},${EXTEN},${PRIORITY},${HANGUPCAUSE}`

// ownQuestion reports whether the session asks of its own accord, not its
// handler: for the place, or, once dead, whether Goto moves the channel.
func (c *Caller) ownQuestion(cmd *Command) bool {
	if cmd.Line == whereabouts {
		return true
	}
	_, err := strconv.Atoi(cmd.Arg(1))
	return c.isDead && cmd.Verb == "EXEC" && cmd.Arg(0) == "Goto" && err == nil
}

// usual answers as Asterisk does when all goes well.
func (c *Caller) usual(cmd *Command) string {
	switch cmd.Verb {
	case "GET VARIABLE":
		return value(c.has(cmd.Arg(0)))
	case "GET FULL VARIABLE":
		return value(c.expand(cmd.Arg(0)), true)
	case "SET VARIABLE":
		c.setVar(cmd.Arg(0), cmd.Arg(1))
		return "200 result=1"
	case "SET CALLERID", "VERBOSE":
		return "200 result=1"
	case "DATABASE GET":
		v, ok := c.database[cmd.Arg(0)+"/"+cmd.Arg(1)]
		return value(v, ok)
	case "DATABASE PUT":
		c.database[cmd.Arg(0)+"/"+cmd.Arg(1)] = cmd.Arg(2)
		return "200 result=1"
	case "DATABASE DEL":
		delete(c.database, cmd.Arg(0)+"/"+cmd.Arg(1))
		return "200 result=1"
	case "DATABASE DELTREE":
		for key := range c.database {
			if strings.HasPrefix(key, strings.Join(cmd.Args, "/")+"/") {
				delete(c.database, key)
			}
		}
		return "200 result=0"
	case "SET CONTEXT":
		c.place.context = cmd.Arg(0)
	case "SET EXTENSION":
		c.place.extension = cmd.Arg(0)
	case "SET PRIORITY":
		n, err := strconv.Atoi(cmd.Arg(0))
		if err != nil {
			return "520-Invalid command syntax.  Proper usage follows:\nNo such label.\n520 End of proper usage."
		}
		c.place.priority = n - 1
	case "EXEC":
		if strings.EqualFold(cmd.Arg(0), "Goto") {
			c.jump(cmd.Arg(1))
		}
	case "HANGUP":
		if len(cmd.Args) == 0 {
			c.isDead, c.leaving = true, true
			close(c.dead)
		}
		return "200 result=1"
	case "CHANNEL STATUS":
		return "200 result=6"
	case "STREAM FILE", "CONTROL STREAM FILE", "GET OPTION":
		return "200 result=0 endpos=8000"
	case "RECORD FILE":
		return "200 result=0 (timeout) endpos=8000"
	case "GET DATA":
		return "200 result= (timeout)"
	case "RECEIVE TEXT":
		return "200 result=-1"
	case "GOSUB":
		return "100 result=0 Trying...\n200 result=0 Gosub complete"
	default:
		if known, _ := lookUp(cmd.Verb); !known {
			return "510 Invalid or unknown command"
		}
	}
	return "200 result=0"
}

func value(v string, ok bool) string {
	if !ok {
		return "200 result=0"
	}
	return "200 result=1 (" + v + ")"
}

// jump is Goto. A channel on its way elsewhere stays there; within the loop of
// the dialplan one less than the priority is set, for the loop to add it.
func (c *Caller) jump(to string) {
	if c.moved {
		return
	}
	parts := strings.Split(to, ",")
	n, err := strconv.Atoi(parts[len(parts)-1])
	if err != nil {
		return
	}
	c.place.priority = n - 1
	if len(parts) > 1 {
		c.place.extension = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		c.place.context = parts[0]
	}
}

func (c *Caller) setVar(name, v string) {
	if name == "HANGUPCAUSE" {
		c.place.cause = v
		return
	}
	c.vars[strings.TrimLeft(name, "_")] = v
}

func (c *Caller) lookup(name string) string {
	v, _ := c.has(name)
	return v
}

func (c *Caller) has(name string) (string, bool) {
	switch name {
	case "CONTEXT":
		return c.place.context, true
	case "EXTEN":
		return c.place.extension, true
	case "PRIORITY":
		return fmt.Sprint(c.place.priority), true
	case "HANGUPCAUSE":
		return c.place.cause, true
	}
	v, ok := c.vars[strings.TrimLeft(name, "_")]
	return v, ok
}

// expand replaces every ${NAME} by its value, innermost first.
func (c *Caller) expand(text string) string {
	for {
		begin := strings.LastIndex(text, "${")
		if begin < 0 {
			return text
		}
		name, rest, ok := strings.Cut(text[begin+2:], "}")
		if !ok {
			return text[:begin]
		}
		text = text[:begin] + c.lookup(name) + rest
	}
}
