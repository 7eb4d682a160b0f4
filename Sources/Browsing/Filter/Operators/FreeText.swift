import History
import Notifications

extension FilterOperator {
    /// The texts of a row that a word without an operator is looked for in.
    static let freeTexts: [RowText] = [
        .eventType, .objectName, .bucketName, .matchedRuleName, .eventId, .objectVersionId, .target, .remoteAddress,
    ]

    /// What a word without an operator lets through.
    static func freeText(_ argument: FilterArgument) throws(FilterFault) -> RowPredicate {
        let pattern = try argument.pattern(.part)
        let anywhere = RowPredicate.text(freeTexts, pattern)
        let types = TypeNames.full(whereShortMatches: pattern)
        return types.isEmpty ? anywhere : .any([anywhere, .text([.eventType], .oneOf(types))])
    }
}
