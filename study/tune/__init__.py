"""Tuning: the proposals of every arm, its winner, and the journal that optuna's dashboard opens.

Which proposals an arm has, and which of them wins, is a function of the study and of the results
that the store has, by the number of the proposal: never of time, of the order in which results
came in, or of which process looks. So any process may compute it, and nothing has to be remembered.
"""
