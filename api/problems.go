package api

import "github.com/danielgtaylor/huma/v2"

// Problems counts what was answered with a problem since New, by its code.
func (a *API) Problems() map[Code]uint64 { return a.problems.Counts() }

// countProblem is a huma.Transformer: every answer of an operation passes by.
func (a *API) countProblem(_ huma.Context, _ string, answer any) (any, error) {
	if p, ok := answer.(*Problem); ok {
		a.problems.Add(p.Code)
	}
	return answer, nil
}
