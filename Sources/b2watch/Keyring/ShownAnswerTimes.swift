import Dashboard

// The listener has a type of the same name, and `Dashboard` names a class as well as a module.
typealias ShownAnswerTimes = AnswerTimesSummary
