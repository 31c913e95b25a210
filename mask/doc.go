// Package mask hides telephone numbers from those who are to work without them.
//
//	shown := mask.Number("01012345678")                      // 010-****-5678
//	text := mask.Text("call +82 10-1234-5678", "01012345678") // call 010-****-5678
//
// It is pure: its functions may be called from any goroutine, and can't fail.
package mask
