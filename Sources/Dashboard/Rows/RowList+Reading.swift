import History

// What is read.
extension RowList {
    /// The rows to read next; nil while an answer is awaited or enough is held.
    mutating func request(_ extent: ListExtent, at now: ContinuousClock.Instant) -> RowReading.Ticket? {
        note(extent)
        if extent.matched == nil, let last = window.rows.last?.id, last < extent.latestRow { window.hasNewer = true }
        return reading.take(wanted(extent), extent, at: now)
    }

    /// Whether rows are still to come for what there is to list. What could not be read is not awaited.
    func awaits(_ extent: ListExtent) -> Bool { reading.awaits(wanted(extent)?.request, extent) }

    /// Whether the rows held are those of all that was found, at one moment at least.
    func isRead(_ extent: ListExtent) -> Bool {
        guard !isStale, let read = reading.extentRead else { return false }
        return read.isComplete || read.matched == extent.matched
    }

    private func wanted(_ extent: ListExtent) -> (request: RowRequest, isUrgent: Bool)? {
        switch reading.destination {
        case .oldest: return (RowRequest(.oldest, before: 0, after: margin), true)
        case .newest: return (RowRequest(.newest, before: margin, after: 0), true)
        case .row(let id): return (RowRequest(.row(id), before: margin, after: margin), true)
        case nil: break
        }
        guard extent.latestRow > 0 || !window.rows.isEmpty else { return nil }
        let (isOutdated, hasFoundMore) = (reading.isOutdated(extent), reading.hasFoundMore(extent))
        if isFollowing || selection == nil {
            let isFar = isStale || window.rows.isEmpty || (window.hasOlder && window.rows.count < margin)
            guard isFar || window.hasNewer || isOutdated || hasFoundMore else { return nil }
            return (RowRequest(end, before: margin, after: 0), isFar)
        }
        guard let selection = home ?? selection else { return nil }
        guard let index = selectedIndex, !isStale else {
            return (RowRequest(.row(selection), before: margin, after: margin), true)
        }
        let isNearStart = index < height
        let isNearEnd = window.rows.count - 1 - index < height
        let isAtEdge = (isNearStart && window.hasOlder) || (isNearEnd && window.hasNewer)
        let isTouched = hasFoundMore && (isSorted || home != nil || isNearStart || isNearEnd)
        guard isAtEdge || isOutdated || isTouched else { return nil }
        return (RowRequest(.row(selection), before: margin, after: margin), isAtEdge)
    }

    /// Where the list ends: with the newest row, unless the screen is frozen.
    private var end: RowRequest.Anchor { isSorted ? .newest : limit.map { .row($0) } ?? .newest }

    /// Takes rows that were read, unless they were read for something else than what is wanted now.
    mutating func take(_ answer: RowWindow, generation: Int) {
        let place = selectedIndex ?? 0
        guard let request = reading.finish(generation) else { return }
        let isAllFound = reading.extentRead?.isComplete ?? true
        isStale = false
        window = limit.map { answer.limited(to: $0) } ?? answer
        measure()
        if let destination = reading.destination, request.anchor == destination {
            switch destination {
            case .oldest: selection = window.rows.first?.id
            case .newest: selection = window.rows.last?.id
            case .row(let id): selection = index(of: id) == nil ? neighbour(of: id, at: place) : id
            }
            // While rows are still being found, others may come to stand at the start.
            if destination != .oldest || isAllFound && !window.rows.isEmpty { reading.arrived() }
        } else if isFollowing || selection == nil {
            selection = window.rows.last?.id
        } else if let home, index(of: home) != nil {
            selection = home
        } else if selectedIndex == nil, let lost = home ?? selection {
            selection = neighbour(of: lost, at: place) ?? lost
        }
        if isAllFound { home = nil }
    }

    /// Who takes the place of a row that is gone: the next older one, or who stands where it stood.
    private func neighbour(of lost: Int64, at place: Int) -> Int64? {
        guard !window.rows.isEmpty else { return nil }
        if isSorted { return window.rows[min(place, window.rows.count - 1)].id }
        return (window.rows.last { $0.id < lost } ?? window.rows.first)?.id
    }

    /// Nothing came of a question. It is asked again once something has changed.
    mutating func readingFailed(generation: Int) {
        _ = reading.finish(generation)
    }
}

extension RowWindow {
    /// Without the rows that are newer than this one.
    fileprivate func limited(to row: Int64) -> RowWindow {
        guard rows.contains(where: { $0.id > row }) else { return self }
        return RowWindow(rows: rows.filter { $0.id <= row }, hasOlder: hasOlder, hasNewer: false)
    }
}
