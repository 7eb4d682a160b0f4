import Alerts
import Dashboard
import Settings

extension DashboardSettings {
    /// What a configuration, in which nothing is wrong, sets for the dashboard.
    init(_ configuration: Configuration) {
        self.init()
        showsUTC = configuration.utc
        follows = configuration.follow
        showsEpoch = configuration.timestamps == .epoch
        startView = configuration.startView.flatMap { StartView(rawValue: $0.value) } ?? startView
        theme = configuration.theme
        keys = configuration.keys.map { KeyChange(command: $0.command.value, keys: $0.keys.map(\.value)) }
    }

    /// What is wrong in a configuration that only the dashboard can know.
    static func problems(in configuration: Configuration) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        if let view = configuration.startView, StartView(rawValue: view.value) == nil {
            let names = StartView.allCases.map(\.rawValue)
            let question = Suggestion.question(for: view.value, among: names)
            problems.append(
                ConfigurationProblem(
                    "“start-view” is “\(view.value)”; expected is one of \(names.joined(separator: ", "))\(question)",
                    at: view.position))
        }
        let keys = configuration.keys
        problems += Self.keyProblems(in: DashboardSettings(configuration).keys).map { problem in
            let setting = keys[problem.change]
            let position = setting.keys.first { $0.value == problem.key }?.position ?? setting.command.position
            return ConfigurationProblem(problem.text, at: position)
        }
        return problems
    }
}

extension AlertSettings {
    /// When somebody is to be told, by a configuration.
    init(_ configuration: Configuration) {
        let bell: Bell =
            switch configuration.bell {
            case .no: .never
            case .problem: .problem
            case .event: .event
            }
        self.init(bell: bell, onProblem: configuration.onProblem, quietAfter: configuration.quietAfter)
    }
}
