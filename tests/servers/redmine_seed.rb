# frozen_string_literal: true

# The small company of the tests, put into a Redmine that has its Russian default data.
# Run once by `rails runner`; the result is kept as a dump (redmine_seeded.py).
# Every date is fixed, so that a dump of last month equals one of today.

require 'active_support/testing/time_helpers'
include ActiveSupport::Testing::TimeHelpers

START = Time.local(2026, 9, 1, 9, 0, 0)
STEP = 7.hours # between two issues; a change of an issue comes half an hour after the one before it

NEW = 'Новая'
WORK = 'В работе'
SOLVED = 'Решена'
FEEDBACK = 'Нужен отклик' # the Russian default data call "feedback" so
CLOSED = 'Закрыта'
REJECTED = 'Отклонена'

PEOPLE = {
  'anna' => %w[Анна Смирнова],
  'boris' => %w[Борис Кузнецов],
  'irina' => %w[Ирина Волкова],
  'stranger' => %w[Степан Чужов],
  'locked' => %w[Леонид Запоров],
}.freeze

SUPPORT_PERMISSIONS = %i[
  view_issues add_issues edit_issues add_issue_notes edit_own_issue_notes view_private_notes
  set_notes_private set_issues_private manage_issue_relations manage_subtasks view_issue_watchers add_issue_watchers
  delete_issue_watchers save_queries log_time view_time_entries
].freeze

REQUESTER_PERMISSIONS = %i[view_issues add_issues add_issue_notes save_queries].freeze

SUPPORT_TRANSITIONS = {
  NEW => [WORK, REJECTED],
  WORK => [SOLVED, FEEDBACK],
  FEEDBACK => [WORK],
  SOLVED => [CLOSED, WORK],
  CLOSED => [WORK],
}.freeze

REQUESTER_TRANSITIONS = { SOLVED => [CLOSED, WORK] }.freeze

PROJECTS = [
  ['help', 'Служба поддержки', false],
  ['office', 'Офис', false],
  ['warehouse', 'Склад', false],
  ['public-board', 'Доска объявлений', true],
].freeze

# [name, format, more]; every field is for all projects and trackers, and everybody may see it.
FIELDS = [
  ['Кабинет', 'string', {}],
  ['Способ связи', 'list', { possible_values: %w[Телефон Почта Лично] }],
  ['Согласовано', 'bool', {}],
  ['Дата замены', 'date', {}],
  ['Инвентарный номер', 'int', {}],
].freeze

HOSTILE_DESCRIPTION = <<~TEXTILE
  h2. Что случилось

  После обновления *не печатает* второй лоток, _код ошибки_ @0x6100004a@.

  * перезагружали
  * меняли картридж, как в #1

  |_. Кабинет |_. Принтер |
  | 214 | HP LaserJet |

  "Инструкция":https://example.test/printer и <script>alert('украдено')</script> из письма.
TEXTILE

# [project, author, assignee, tracker, priority, subject, changes]; a change is
# [login, note, {status:, priority:, assignee:, private:}]. due: days after the issue's creation.
ISSUES = [
  ['help', 'irina', 'anna', 'Ошибка', 'Нормальный', 'Не включается монитор в кабинете 214', [
    ['anna', 'Посмотрю после обеда.', { status: WORK }],
    ['anna', 'Монитор списан, ждём решения бухгалтерии.', { private: true }],
    ['irina', 'Спасибо, жду.', {}],
  ]],
  ['help', 'irina', 'boris', 'Ошибка', 'Высокий', 'Принтер не печатает из второго лотка', [
    ['boris', 'Заказал ролик подачи.', { status: WORK, priority: 'Срочный' }],
  ], { description: HOSTILE_DESCRIPTION, due: 3 }],
  ['help', 'irina', nil, 'Поддержка', 'Низкий', 'Нужен доступ к общей папке отдела', []],
  ['help', 'irina', 'anna', 'Поддержка', 'Нормальный', 'Сменить фамилию в почте', [
    ['anna', '', { status: WORK }],
    ['anna', 'Готово, проверьте подпись.', { status: SOLVED }],
  ]],
  ['help', 'anna', 'boris', 'Улучшение', 'Нормальный', 'Обновить антивирус на втором этаже', [
    ['boris', 'Половина машин обновлена.', { status: WORK }],
  ], { due: 30 }],
  ['help', 'anna', 'anna', 'Ошибка', 'Немедленный', 'Не работает телефония на первом этаже', [
    ['anna', 'Звоню оператору.', { status: WORK }],
    ['boris', 'Оператор обещает два часа.', {}],
  ], { due: 1 }],
  ['help', 'boris', 'anna', 'Поддержка', 'Нормальный', 'Настроить рабочее место нового сотрудника', [], { due: 1500 }],
  ['help', 'boris', nil, 'Ошибка', 'Высокий', 'Медленно открывается база договоров', []],
  ['help', 'boris', 'boris', 'Улучшение', 'Низкий', 'Заменить клавиатуры в переговорной', [
    ['boris', 'Не нужно: привезли новые.', { status: REJECTED }],
  ]],
  ['help', 'anna', 'boris', 'Ошибка', 'Срочный', 'Почта не принимает вложения больше 5 МБ', [
    ['boris', '', { status: WORK }],
    ['boris', 'Какой у вас размер файла?', { status: FEEDBACK }],
  ]],
  ['help', 'anna', 'anna', 'Поддержка', 'Нормальный', 'Перенести архив на новый сервер', [
    ['anna', '', { status: WORK }],
    ['anna', 'Перенесено, сверено.', { status: SOLVED }],
    ['boris', '', { status: CLOSED }],
  ]],
  ['help', 'boris', 'anna', 'Ошибка', 'Нормальный', 'Сканер сохраняет пустые страницы', []],
  ['help', 'admin', 'boris', 'Улучшение', 'Нормальный', 'Включить двухфакторный вход для руководства', []],
  ['help', 'admin', nil, 'Поддержка', 'Низкий', 'Составить список устаревших компьютеров', []],
  ['office', 'irina', 'boris', 'Поддержка', 'Нормальный', 'Заказать бумагу и картриджи', [
    ['boris', 'Заказано, привезут в четверг.', { status: WORK }],
  ]],
  ['office', 'irina', nil, 'Ошибка', 'Низкий', 'Мигает свет в коридоре', []],
  ['office', 'irina', 'anna', 'Поддержка', 'Нормальный', 'Пропуск для гостя на пятницу', [
    ['anna', '', { status: WORK }],
    ['anna', 'Пропуск на вахте.', { status: SOLVED }],
    ['anna', '', { status: CLOSED }],
  ]],
  ['office', 'anna', 'boris', 'Улучшение', 'Нормальный', 'Повесить доску в переговорной', [], { due: 14 }],
  ['office', 'anna', 'anna', 'Ошибка', 'Высокий', 'Кондиционер течёт на сервер', [
    ['anna', 'Сервер накрыт, мастер вызван.', { status: WORK }],
  ], { due: 2 }],
  ['office', 'boris', 'anna', 'Поддержка', 'Низкий', 'Переставить столы в бухгалтерии', []],
  ['office', 'boris', 'boris', 'Поддержка', 'Нормальный', 'Продлить договор на уборку', [
    ['boris', '', { status: WORK, priority: 'Высокий' }],
  ]],
  ['office', 'admin', nil, 'Ошибка', 'Нормальный', 'Не закрывается окно в архиве', []],
  ['warehouse', 'anna', 'boris', 'Ошибка', 'Срочный', 'Терминал не читает штрихкоды', [
    ['boris', 'Беру на себя.', { status: WORK }],
    ['boris', 'Нужна модель терминала.', { status: FEEDBACK, assignee: 'anna' }],
  ]],
  ['warehouse', 'anna', 'anna', 'Поддержка', 'Нормальный', 'Инвентаризация стеллажа Б', [], { due: 1500 }],
  ['warehouse', 'boris', 'boris', 'Улучшение', 'Низкий', 'Подписать полки на латинице и кириллице', []],
  ['warehouse', 'boris', 'anna', 'Ошибка', 'Нормальный', 'Весы показывают на 200 г больше', [
    ['anna', '', { status: WORK }],
    ['anna', 'Откалибровано.', { status: SOLVED }],
  ]],
  ['warehouse', 'admin', nil, 'Поддержка', 'Нормальный', 'Списать старые паллеты', []],
  ['warehouse', 'admin', 'boris', 'Ошибка', 'Высокий', 'Нет связи с воротами № 3', []],
  ['public-board', 'admin', nil, 'Поддержка', 'Нормальный', 'Правила пользования доской', []],
  ['public-board', 'admin', nil, 'Улучшение', 'Низкий', 'Предложения по столовой', []],
  ['help', 'anna', 'boris', 'Поддержка', 'Нормальный', 'Переезд отдела на третий этаж', []],
  ['help', 'anna', 'boris', 'Поддержка', 'Нормальный', 'Проложить сеть на третьем этаже', [
    ['boris', 'Кабель куплен.', { status: WORK }],
  ], { part_of: 'Переезд отдела на третий этаж' }],
  ['help', 'anna', 'anna', 'Поддержка', 'Нормальный', 'Перевезти телефоны', [],
   { part_of: 'Переезд отдела на третий этаж' }],
].freeze

# [from, kind, to]
RELATIONS = [
  ['Проложить сеть на третьем этаже', 'blocks', 'Перевезти телефоны'],
  ['Переезд отдела на третий этаж', 'relates', 'Заменить клавиатуры в переговорной'],
].freeze

def set_up
  Setting.rest_api_enabled = '1'
  Setting.text_formatting = 'textile'
  Setting.default_language = 'ru'
  Setting.app_title = 'Redmine для проверок'
  Setting.notified_events = [] # nobody gets mail here, and to find out takes a sixth of each write
end

def set_identity(user, login)
  user.login = login
  user.mail = "#{login}@example.test"
  user.language = 'ru'
  user.mail_notification = 'none'
  user.password = user.password_confirmation = "demo-password-#{login}"
  user.must_change_passwd = false
  user.save!
  user.api_key # made by being asked for
end

def make_people
  set_identity(User.find_by!(login: 'admin'), 'admin')
  PEOPLE.each do |login, (first, last)|
    set_identity(User.new(firstname: first, lastname: last), login)
  end
end

def make_role(name, permissions, transitions, **attributes)
  role = Role.create!(name: name, permissions: permissions, **attributes)
  Tracker.all.each do |tracker|
    allow(role, tracker, nil, NEW)
    transitions.each { |from, targets| targets.each { |to| allow(role, tracker, from, to) } }
  end
  role
end

def allow(role, tracker, from, to)
  old = from ? IssueStatus.find_by!(name: from).id : 0
  WorkflowTransition.create!(
    role_id: role.id, tracker_id: tracker.id, old_status_id: old, new_status_id: IssueStatus.find_by!(name: to).id
  )
end

def make_projects
  PROJECTS.each do |identifier, name, is_public|
    Project.create!(
      identifier: identifier, name: name, is_public: is_public,
      enabled_module_names: %w[issue_tracking time_tracking], trackers: Tracker.all.to_a
    )
  end
end

def make_fields
  FIELDS.each do |name, format, more|
    IssueCustomField.create!(
      name: name, field_format: format, is_for_all: true, visible: true, trackers: Tracker.all.to_a, **more
    )
  end
end

def admit(login, role, *identifiers)
  identifiers.each do |identifier|
    Member.create!(project: Project.find(identifier), principal: User.find_by!(login: login), roles: [role])
  end
end

def make_members
  # Whoever is no member sees nothing, in the public project too.
  [Role.non_member, Role.anonymous].each { |role| role.update!(permissions: []) }
  support = make_role('Поддержка', SUPPORT_PERMISSIONS, SUPPORT_TRANSITIONS, issues_visibility: 'all')
  requester = make_role(
    'Заявитель', REQUESTER_PERMISSIONS, REQUESTER_TRANSITIONS, issues_visibility: 'own', assignable: false
  )
  %w[anna boris locked].each { |login| admit(login, support, 'help', 'office', 'warehouse') }
  admit('irina', requester, 'help', 'office')
end

def make_issue(row, at)
  project, author, assignee, tracker, priority, subject, changes, more = row
  more ||= {}
  travel_to(at) do
    Issue.create!(
      project: Project.find(project), author: User.find_by!(login: author), subject: subject,
      assigned_to: assignee && User.find_by!(login: assignee), tracker: Tracker.find_by!(name: tracker),
      priority: IssuePriority.find_by!(name: priority), status: IssueStatus.find_by!(name: NEW),
      description: more.fetch(:description, "#{subject}. Подробности по телефону."),
      start_date: at.to_date, due_date: more[:due] && (at.to_date + more[:due]),
      parent_issue_id: more[:part_of] && Issue.find_by!(subject: more[:part_of]).id
    )
  end.then { |issue| changes.each_with_index { |change, n| change_issue(issue.id, change, at + (n + 1) * 30.minutes) } }
end

def change_issue(id, (login, note, change), at)
  travel_to(at) do
    issue = Issue.find(id)
    journal = issue.init_journal(User.find_by!(login: login), note)
    journal.private_notes = change.fetch(:private, false)
    issue.status = IssueStatus.find_by!(name: change[:status]) if change[:status]
    issue.priority = IssuePriority.find_by!(name: change[:priority]) if change[:priority]
    issue.assigned_to = User.find_by!(login: change[:assignee]) if change[:assignee]
    issue.save!
  end
end

# What hangs on issues. The bytes of the file are thrown away: what Redmine then says of it is worth a test.
def make_more(at)
  boris = User.find_by!(login: 'boris')
  network = Issue.find_by!(subject: 'Проложить сеть на третьем этаже')
  travel_to(at) do
    RELATIONS.each do |from, kind, to|
      IssueRelation.create!(
        issue_from: Issue.find_by!(subject: from), relation_type: kind, issue_to: Issue.find_by!(subject: to)
      )
    end
    network.add_watcher(User.find_by!(login: 'anna'))
    network.custom_field_values = { IssueCustomField.find_by!(name: 'Кабинет').id.to_s => '301' }
    network.save!
    TimeEntry.create!(
      issue: network, project: network.project, user: boris, author: boris, hours: 1.5,
      spent_on: at.to_date, activity: TimeEntryActivity.first
    )
    file = Attachment.create!(
      container: network, author: boris, filename: 'План этажа.txt', file: 'План', content_type: 'text/plain'
    )
    File.delete(file.diskfile)
  end
end

set_up
make_people
make_projects
make_fields
make_members
ISSUES.each_with_index { |row, n| make_issue(row, START + n * STEP) }
make_more(START + ISSUES.size * STEP)
User.find_by!(login: 'locked').lock!
