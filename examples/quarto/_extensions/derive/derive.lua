-- Derivations in Quarto and in pandoc (2.17 or later). The command derive-quarto must be on the
-- PATH; `derive-quarto install .` puts this file into a project.
--
--   ::: {.derivation problem=logistic_regression wrt=w detail=brief label=fit}
--   :::
--   ::: {.gradient problem=softmax_regression wrt=W label=softmax}
--   :::
--   The gradient is [logistic_regression wrt w]{.gradient}, see @eq-fit-lemma-w.
--
-- Equations have Quarto's own labels, {#eq-…}, for @eq-…. Without Quarto this filter numbers them.

local command = "derive-quarto"

-- One line, and the status that pandoc ends with after an error of a filter. error() would print
-- the calls inside of this file as well.
local function fail(message)
  io.stderr:write("derive: " .. message:gsub("%s+", " ") .. "\n")
  os.exit(83)
end

-- What the head of a page says for all its derivations: derive: {detail: brief}
local defaults = {}

local function folder()
  if quarto and quarto.project and quarto.project.directory then
    return quarto.project.directory
  end
  local file = quarto and quarto.doc and quarto.doc.input_file or PANDOC_STATE.input_files[1]
  return file and pandoc.path.directory(file) or "."
end

-- The labels of derivations so far, those of each in their order, and how often headings began with
-- the same words.
local labels, groups, headings = {}, {}, {}

-- Markdown as a document. Options are arguments of their own: no shell reads them.
local function derived(kind, options)
  local arguments = {kind, folder()}
  for _, option in ipairs(options) do
    table.insert(arguments, option[1] .. "=" .. option[2])
  end
  local ok, answer = pcall(pandoc.pipe, command, arguments, "")
  if not ok then
    if type(answer) == "table" and answer.output and answer.output ~= "" then
      fail((answer.output:gsub("%s+$", "")))
    end
    fail(command .. " cannot be run; is it installed, and on the PATH?")
  end
  local group = {}
  for label in answer:gmatch("{#(eq%-[%w%-]+)}") do
    if labels[label] then
      fail("two equations have the label " .. label .. "; give one a label= of its own")
    end
    labels[label] = true
    table.insert(group, label)
  end
  table.insert(groups, group)
  return pandoc.read(answer, "markdown")
end

-- Headings named after their derivation: several of a page have a section called The cost.
local function named(blocks, name)
  local prefix = name:gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", ""):lower()
  headings[prefix] = (headings[prefix] or 0) + 1
  if headings[prefix] > 1 then
    prefix = prefix .. "-" .. headings[prefix]
  end
  local number = 0
  return blocks:map(function(block)
    if block.t == "Header" then
      block.identifier = prefix .. "-section-" .. number
      number = number + 1
    end
    return block
  end)
end

-- Whether TeX or a script sets the mathematics. Elsewhere pandoc translates it, which knows neither
-- \textcolor, \surd nor \Bigl: the marked factor is framed there, and has no colour. Browsers know
-- a bold letter in MathML by its own sign alone, and pandoc has none for the digit of 𝟏.
local function is_set_as_tex()
  if FORMAT:match("latex") or FORMAT:match("beamer") or FORMAT:match("markdown") then
    return true
  end
  local method = PANDOC_WRITER_OPTIONS.html_math_method
  method = type(method) == "table" and method.method or method
  return FORMAT:match("html") ~= nil and (method == "mathjax" or method == "katex")
    or FORMAT:match("revealjs") ~= nil
end

local function is_page_of_mathml()
  return (FORMAT:match("html") or FORMAT:match("epub")) and not is_set_as_tex()
end

local function translatable(mathematics)
  local text = mathematics.text:gsub("\\textcolor{red}", "")
    :gsub("\\([bB]igg?)[lr]", "\\%1")
    :gsub("\\surd%f[%A] ?", "\\sqrt{\\phantom{x}}")
  if is_page_of_mathml() then
    text = text:gsub("\\mathbf 1", "𝟏")
  end
  mathematics.text = text
  return mathematics
end

-- Few browsers draw the frame, or align the columns, by themselves.
local frame = "<style>\n"
  .. ".derivation menclose[notation~=box] { border: 1px solid; padding: 0.1em 0.2em; }\n"
  .. ".derivation mtd[columnalign=left], .gradient mtd[columnalign=left] { text-align: left; }\n"
  .. ".derivation mtd[columnalign=right], .gradient mtd[columnalign=right] { text-align: right; }\n"
  .. "</style>"

local function framed(document)
  if #groups == 0 or not is_page_of_mathml() then
    return
  end
  local before = document.meta["header-includes"]
  if before == nil then
    before = {}
  elseif pandoc.utils.type(before) ~= "List" then
    before = {before}
  end
  table.insert(before, pandoc.MetaBlocks({pandoc.RawBlock("html", frame)}))
  document.meta["header-includes"] = pandoc.MetaList(before)
  return document
end

local function fitted(element)
  return is_set_as_tex() and element or element:walk({Math = translatable})
end

-- The options of an element, and those of the page that it doesn't have.
local function options_of(element, label, allowed)
  local options, given = {}, {}
  for name, value in pairs(element.attributes) do
    table.insert(options, {name, value})
    given[name] = true
  end
  if label ~= "" and not given.label then
    table.insert(options, {"label", label})
  end
  for _, default in ipairs(defaults) do
    if not given[default[1]] and allowed(default[1]) then
      table.insert(options, default)
    end
  end
  return options
end

local function every() return true end
local function only_look(name) return name == "look" end

local function Meta(meta)
  if meta.derive == nil then
    return
  end
  local names = {}
  for name in pairs(meta.derive) do
    table.insert(names, name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    table.insert(defaults, {name, pandoc.utils.stringify(meta.derive[name])})
  end
end

local function Div(div)
  local kind
  if div.classes:includes("derivation") then
    kind = "derivation"
  elseif div.classes:includes("gradient") then
    kind = "gradient"
  else
    return
  end
  if #div.content > 0 then
    fail("a " .. kind .. " has no content of its own; write its options into the braces")
  end
  local allowed = kind == "derivation" and every or only_look
  local document = derived(kind, options_of(div, div.identifier, allowed))
  local name = div.attributes.label or div.identifier
  local blocks = named(document.blocks, name ~= "" and name or div.attributes.problem or kind)
  return fitted(pandoc.Div(blocks, pandoc.Attr(div.identifier, div.classes)))
end

local function Span(span)
  if not span.classes:includes("gradient") then
    return
  end
  local options = options_of(span, "", only_look)
  local name, wrt = pandoc.utils.stringify(span):match("^%s*(.-)%s+wrt%s+(.-)%s*$")
  if name then
    table.insert(options, {"wrt", wrt})
  end
  table.insert(options, {"problem", name or pandoc.utils.stringify(span)})
  local inlines = pandoc.utils.blocks_to_inlines(derived("inline", options).blocks)
  return fitted(pandoc.Span(inlines, pandoc.Attr(span.identifier, span.classes)))
end

-- Without Quarto: numbers for labelled equations, and what refers to them ------------------------

local numbers, count = {}, 0

local function equation(mathematics, label)
  count = count + 1
  if numbers[label] then
    fail("two equations have the label " .. label .. "; give one a label= of its own")
  end
  numbers[label] = count
  if FORMAT:match("latex") or FORMAT:match("beamer") then
    return {
      pandoc.RawInline("latex", "\\begin{equation}\\label{" .. label .. "}"),
      pandoc.RawInline("latex", mathematics.text),
      pandoc.RawInline("latex", "\\end{equation}"),
    }
  end
  mathematics.text = mathematics.text .. " \\qquad(" .. count .. ")"
  return {pandoc.Span({mathematics}, pandoc.Attr(label))}
end

local function number(block)
  local inlines, place = pandoc.List(), 1
  while place <= #block.content do
    local each, after = block.content[place], place + 1
    local space = block.content[after]
    if space and (space.t == "Space" or space.t == "SoftBreak") then
      after = after + 1
    end
    local name = block.content[after]
    local label = each.t == "Math" and each.mathtype == "DisplayMath"
      and name and name.t == "Str" and name.text:match("^{#(eq%-[%w%-]+)}$")
    if label then
      inlines:extend(equation(each, label))
      place = after + 1
    else
      inlines:insert(each)
      place = place + 1
    end
  end
  block.content = inlines
  return block
end

-- How many words at their start two labels have in common.
local function common(one, other)
  local words, found = {}, 0
  for word in other:gmatch("[^%-]+") do
    table.insert(words, word)
  end
  for word in one:gmatch("[^%-]+") do
    if word ~= words[found + 1] then
      break
    end
    found = found + 1
  end
  return found
end

-- What is said of a label that there isn't: the labels of the derivation that it would be of.
local function unknown(label)
  local most, nearest = 1, nil
  for _, group in ipairs(groups) do
    for _, each in ipairs(group) do
      local found = common(label, each)
      if found > most then
        most, nearest = found, group
      end
    end
  end
  local there = nearest and "; there are " .. table.concat(nearest, ", ") or ""
  return "there is no equation " .. label .. there, nearest ~= nil
end

-- Quarto says itself what it cannot find, but not what there is. An equation may be in another
-- chapter of a book: so this is a warning.
local function warn(cite)
  for _, citation in ipairs(cite.citations) do
    local label = citation.id
    local is_of_derivation = label:match("^eq%-.*%-lemma%-%d+$")
      or label:match("^eq%-.*%-small%-.+$") or label:match("^eq%-.*%-definition%-.+$")
    if is_of_derivation and not labels[label] then
      local message, is_here = unknown(label)
      if is_here then
        io.stderr:write("WARNING: derive: " .. message .. "\n")
      end
    end
  end
end

local function refer(cite)
  local inlines = pandoc.List()
  for _, citation in ipairs(cite.citations) do
    if not citation.id:match("^eq%-") then
      return
    end
    if not numbers[citation.id] then
      fail((unknown(citation.id)))
    end
    if #inlines > 0 then
      inlines:extend({pandoc.Str(","), pandoc.Space()})
    end
    if FORMAT:match("latex") or FORMAT:match("beamer") then
      inlines:insert(pandoc.RawInline("latex", "\\eqref{" .. citation.id .. "}"))
    else
      inlines:insert(pandoc.Link("(" .. numbers[citation.id] .. ")", "#" .. citation.id))
    end
  end
  return inlines
end

local filters = {{Meta = Meta}, {Div = Div, Span = Span}, {Pandoc = framed}}
if quarto then
  table.insert(filters, {Cite = warn})
else
  table.insert(filters, {Para = number, Plain = number})
  table.insert(filters, {Cite = refer})
end
return filters
