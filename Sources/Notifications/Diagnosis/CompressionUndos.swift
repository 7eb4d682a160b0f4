extension BodyUndo {
    /// Bodies that were compressed after they were signed. What is unpacked is bounded, whatever was received.
    static let compressed: [BodyUndo] = Zlib.Format.allCases.map { format in
        let step = BodyStep(
            "compressed \(format)", "decompressed as \(format.name)",
            doneBy:
                "a sender or a proxy that compresses requests, such as nginx or an HTTP library with compression on",
            advice: "The body was signed first and compressed then, and B2 compresses nothing: switch compression of"
                + " requests off in what stands between, or have it decompress before it passes the body on.")
        return BodyUndo(step) { body in
            // Raw deflate has no mark; text is not it.
            if format == .raw, body.isText { return nil }
            return Zlib.decompress(body.bytes, format, limit: DiagnosisWork.longest)
        }
    }
}
