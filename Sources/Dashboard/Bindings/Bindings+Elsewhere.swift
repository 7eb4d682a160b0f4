import Terminal

extension Bindings {
    /// Where something is to be had that a key does not do in a place, in a sentence: a list that is no list of events
    /// has no filter, say. Nil where the key does nothing in those lists either.
    func whereabouts(of key: Key, outside place: Place) -> String? {
        guard place.hasOtherLists,
            let binding = all.first(where: { $0.context.isOfEvents && $0.keys.contains(key) }),
            let subject = binding.command.subject
        else { return nil }
        return "\(subject) for \(MainView.events.title) and \(MainView.table.title)."
    }
}

extension BindingContext {
    /// Whether it is in force in both lists of events.
    fileprivate var isOfEvents: Bool { [.rows, .browsing, .searching].contains(self) }
}

extension Place {
    /// Whether there is a list here that is none of events, or its detail.
    fileprivate var hasOtherLists: Bool { [.deliveries, .deliveryDetail, .actions, .log, .pulse].contains(self) }
}

extension Command {
    /// What the lists of events have and others do not, as the beginning of a sentence.
    fileprivate var subject: String? {
        switch self {
        case .editFilter, .filterOrNot: "Filters are"
        case .showProblems, .nextProblem, .previousProblem: "Going through problems is"
        case .search, .nextMatch, .previousMatch: "Searching a list is"
        case .toggleMark, .nextMark, .showMarked: "Marks are"
        case .export: "Exporting rows is"
        case .toggleSelected, .selectAll, .selectRange: "Selecting rows is"
        case .sortByNext, .sortByPrevious, .turnOrder, .orderOfArrival: "Sorting is"
        case .chooseColumns: "Choosing columns is"
        default: nil
        }
    }
}
