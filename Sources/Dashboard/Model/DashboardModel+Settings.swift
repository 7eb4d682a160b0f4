import History
import Notifications
import SafeText
import Terminal

// What the user has set.
extension DashboardModel {
    /// Begins as the user wants it.
    mutating func begin(_ settings: DashboardSettings) {
        session.showsUTC = settings.showsUTC
        if settings.showsEpoch { table.timestamps = .epochMilliseconds }
        view = MainView(settings.startView)
        isToShowStart = session.viewState.preferences.order != .arrival
        if !settings.follows { unfollowed = [.events, .deliveries, .log] }
    }

    /// Where nothing is to be followed from the start, a list stays at what was the newest row when it was read first.
    mutating func stayAtStart() {
        guard !unfollowed.isEmpty else { return }
        if rows.selection != nil, unfollowed.remove(.events) != nil { rows.stopFollowing(extent) }
        if deliveries.list.selection != nil, unfollowed.remove(.deliveries) != nil, deliveries.list.isFollowing {
            deliveries.followOrNot(latest: session.change.latestDelivery)
        }
        if log.list.selection != nil, unfollowed.remove(.log) != nil, log.list.isFollowing { log.followOrNot() }
    }

    /// Takes what can change while the dashboard runs. How it begins is for the next start.
    mutating func take(_ result: Result<DashboardSettings, EffectFailure>) -> [Effect] {
        switch result {
        case .success(let settings):
            bindings = Bindings(settings.keys, isTyped: bindings.isTyped)
            session.tell("The configuration was read again.", .good)
            return settings.theme.map { [.use($0)] } ?? []
        case .failure(let failure):
            session.tell("The configuration stays as it was: \(failure.sentence)", .bad)
            return []
        }
    }

    /// Reads the configuration again, and the secrets where their holder can be asked.
    mutating func reload() -> [Effect] {
        session.absence == nil ? [.control(.reloadSecrets), .reloadSettings] : [.reloadSettings]
    }
}
