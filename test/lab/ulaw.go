package lab

import "math/bits"

// µ-law, ITU-T G.711: the bias makes every segment a power of two.
const (
	ulawBias = 132
	ulawClip = 32635
)

// ulawSilence is the code of a zero sample.
const ulawSilence = 0xFF

// encodeULaw codes one 16 bit sample.
func encodeULaw(sample int16) byte {
	var sign byte
	x := int(sample)
	if x < 0 {
		x, sign = -x, 0x80
	}
	x = min(x, ulawClip) + ulawBias
	segment := bits.Len(uint(x)) - 8
	return ^(sign | byte(segment)<<4 | byte(x>>(segment+3))&0x0F)
}

// decodeULaw is the middle of the range of samples that have the code.
func decodeULaw(code byte) int16 {
	code = ^code
	x := (int(code&0x0F)<<3+ulawBias)<<(code>>4&0x07) - ulawBias
	if code&0x80 != 0 {
		x = -x
	}
	return int16(x)
}
