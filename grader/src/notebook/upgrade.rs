//! Notebooks of format 3, which IPython wrote until 2015, made into format 4 where nothing has to be guessed.
//! Outputs are left out: nothing is graded by them.

use serde_json::{Map, Value, json};

/// The same notebook in format 4, or what about it is not simple.
pub(super) fn from_3(mut root: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let sheets = match root.remove("worksheets") {
        Some(Value::Array(sheets)) => sheets,
        _ => return Err("it has no list of `worksheets`".to_owned()),
    };
    let Ok([Value::Object(mut sheet)]) = <[Value; 1]>::try_from(sheets) else {
        return Err("it has several worksheets or none".to_owned());
    };
    let Some(Value::Array(cells)) = sheet.remove("cells") else {
        return Err("its worksheet has no list of `cells`".to_owned());
    };
    let cells = cells.into_iter().enumerate().map(|(index, cell)| match cell {
        Value::Object(cell) => from_3_cell(cell).map_err(|why| format!("cell {}: {why}", index + 1)),
        _ => Err(format!("cell {} is no object", index + 1)),
    });
    let cells: Vec<Value> = cells.collect::<Result<_, _>>()?;
    root.insert("nbformat".into(), 4.into());
    root.insert("nbformat_minor".into(), 0.into());
    root.insert("cells".into(), cells.into());
    root.entry("metadata").or_insert_with(|| json!({}));
    Ok(root)
}

fn from_3_cell(mut cell: Map<String, Value>) -> Result<Value, String> {
    let metadata = cell.remove("metadata").unwrap_or_else(|| json!({}));
    let mut take = |key: &str| cell.remove(key).unwrap_or_else(|| "".into());
    let kind = take("cell_type");
    Ok(match kind.as_str() {
        Some("code") => {
            let source = take("input");
            let count = cell.remove("prompt_number").filter(Value::is_u64).unwrap_or(Value::Null);
            json!({"cell_type": "code", "execution_count": count, "metadata": metadata, "outputs": [], "source": source})
        }
        Some("heading") => {
            let level = cell.get("level").and_then(Value::as_u64).unwrap_or(1).clamp(1, 6);
            let source = match cell.remove("source") {
                Some(Value::String(text)) => text,
                Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
                _ => String::new(),
            };
            let marks = "#".repeat(usize::try_from(level).unwrap_or(1));
            json!({"cell_type": "markdown", "metadata": metadata, "source": format!("{marks} {source}")})
        }
        Some("markdown" | "html") => {
            json!({"cell_type": "markdown", "metadata": metadata, "source": take("source")})
        }
        Some("raw") => json!({"cell_type": "raw", "metadata": metadata, "source": take("source")}),
        _ => return Err("its type is not one of format 3".to_owned()),
    })
}
