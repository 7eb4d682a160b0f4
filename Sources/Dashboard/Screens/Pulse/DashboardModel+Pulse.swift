import Browsing
import History
import Terminal

extension PulseScreen {
    /// The filter for what is selected: a bar's time, or a type or a bucket in the whole stretch.
    var filterText: String? {
        guard let pulse else { return nil }
        let stretch = FilterTerm.arrived(from: pulse.start, before: pulse.end)
        switch section {
        case .bars:
            return selectedStretch.map { FilterTerm.arrived(from: $0.lowerBound, before: $0.upperBound) }
        case .types: return selectedName.map { FilterTerm.text(operator: "type", exactly: $0) + " " + stretch }
        case .buckets: return selectedName.map { FilterTerm.text(operator: "bucket", exactly: $0) + " " + stretch }
        case .timings: return nil
        }
    }
}

extension DashboardModel {
    /// What is to be counted for what is seen.
    var readOfPulse: [Effect] {
        mutating get {
            guard help == nil, keyring == nil, !showsChecklist, let request = pulse.request(session.clock),
                let ticket = pulse.reading.take(request, shown, at: session.now)
            else { return [] }
            return [.readPulse(ticket, adding: pulse.reading.base(for: ticket))]
        }
    }

    /// Lists the events of what is selected in the pulse.
    mutating func listPulseSelection() {
        guard let text = pulse.filterText else { return }
        do throws(FilterError) {
            filter.apply(try Filter(text, in: session.filterContext), readAt: session.wallTime)
            view = .events
        } catch {
            session.tell("No filter can be made of this: \(error.description)", .bad)
        }
    }
}
